//! Clients for S3, Azure Blob Storage and Google Cloud Storage, made of options and environment.
//!
//! Owns the order of the two (options first), the refusal of unknown options, and how patient a
//! client is. Refuses the URL parsers of `object_store`, which ignore unknown options and retry for
//! three minutes.

use crate::settings::{OpenError, StoreSettings};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};
use packshot_domain::ports::Cause;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A client, and what answers call the place that it works in.
pub(crate) struct Client {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) region: String,
    pub(crate) endpoint: Option<String>,
}

const S3: &str = "S3";
const AZURE: &str = "Azure Blob Storage";
const GOOGLE: &str = "Google Cloud Storage";
/// Where no region is set: Azure and Google know it, a client does not.
const UNKNOWN_REGION: &str = "global";
const DEFAULT_S3_REGION: &str = "us-east-1";

/// A client for an S3 bucket.
pub(crate) fn s3(settings: &StoreSettings, bucket: &str) -> Result<Client, OpenError> {
    let given = given::<AmazonS3ConfigKey>(settings, S3, "AWS_", &[AmazonS3ConfigKey::Bucket], &[])?;
    let plain_is_settled = given.iter().any(|(key, _)| *key == AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    let start = AmazonS3Builder::new().with_retry(retries(settings)).with_client_options(client_options(settings));
    let mut builder = given.into_iter().fold(start, |builder, (key, value)| builder.with_config(key, value));
    let endpoint = builder
        .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
        .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
    if !plain_is_settled && is_plain(endpoint.as_deref()) {
        builder = builder.with_allow_http(true);
    }
    let region = builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| DEFAULT_S3_REGION.to_owned());
    let objects = builder.with_bucket_name(bucket).with_region(&region).build();
    client(S3, objects.map(|objects| Arc::new(objects) as _), region, endpoint)
}

/// A client for an Azure container.
pub(crate) fn azure(settings: &StoreSettings, container: &str) -> Result<Client, OpenError> {
    let given = given::<AzureConfigKey>(settings, AZURE, "AZURE_", &[AzureConfigKey::ContainerName], &["region"])?;
    let plain_is_settled = given.iter().any(|(key, _)| *key == AzureConfigKey::Client(ClientConfigKey::AllowHttp));
    let start =
        MicrosoftAzureBuilder::new().with_retry(retries(settings)).with_client_options(client_options(settings));
    let mut builder = given.into_iter().fold(start, |builder, (key, value)| builder.with_config(key, value));
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    if !plain_is_settled && is_plain(endpoint.as_deref()) {
        builder = builder.with_allow_http(true);
    }
    let objects = builder.with_container_name(container).build();
    client(AZURE, objects.map(|objects| Arc::new(objects) as _), region_label(settings), endpoint)
}

/// A client for a Google Cloud Storage bucket.
pub(crate) fn gcs(settings: &StoreSettings, bucket: &str) -> Result<Client, OpenError> {
    let given = given::<GoogleConfigKey>(settings, GOOGLE, "GOOGLE_", &[GoogleConfigKey::Bucket], &["region"])?;
    let plain_is_settled = given.iter().any(|(key, _)| *key == GoogleConfigKey::Client(ClientConfigKey::AllowHttp));
    let mut options = client_options(settings);
    let endpoint = given.iter().find(|(key, _)| *key == GoogleConfigKey::BaseUrl).map(|(_, value)| value.clone());
    if !plain_is_settled && is_plain(endpoint.as_deref()) {
        options = options.with_allow_http(true);
    }
    let start = GoogleCloudStorageBuilder::new().with_retry(retries(settings)).with_client_options(options);
    let builder = given.into_iter().fold(start, |builder, (key, value)| builder.with_config(key, value));
    let objects = builder.with_bucket_name(bucket).build();
    client(GOOGLE, objects.map(|objects| Arc::new(objects) as _), region_label(settings), endpoint)
}

/// The settings of a builder in the order in which they are to be set, the environment's first.
fn given<K: FromStr + PartialEq>(
    settings: &StoreSettings,
    backend: &'static str,
    variables: &str,
    in_url: &[K],
    labels: &[&str],
) -> Result<Vec<(K, String)>, OpenError> {
    // The clouds' own tools use more variables than a client needs, and a container's empty one is unset.
    let environment =
        settings.environment.iter().filter(|(name, value)| name.starts_with(variables) && !value.is_empty());
    let mut given: Vec<(K, String)> = environment
        .filter_map(|(name, value)| Some((K::from_str(&name.to_ascii_lowercase()).ok()?, value.clone())))
        .filter(|(key, _)| !in_url.contains(key))
        .collect();
    for (name, value) in settings.options.iter().filter(|(name, _)| !labels.contains(&name.as_str())) {
        let key = K::from_str(name).map_err(|_| OpenError::UnknownOption { key: name.clone(), backend })?;
        if in_url.contains(&key) {
            return Err(OpenError::OptionInUrl { key: name.clone() });
        }
        given.push((key, value.clone()));
    }
    Ok(given)
}

fn client_options(settings: &StoreSettings) -> ClientOptions {
    // An error means that the process has a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientOptions::new()
        .with_connect_timeout(settings.connect_timeout)
        .with_read_timeout(settings.read_timeout)
        // It would end long downloads, whose reader may be slow.
        .with_timeout_disabled()
}

fn retries(settings: &StoreSettings) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: settings.max_retries,
        retry_timeout: settings.retry_timeout,
    }
}

fn is_plain(endpoint: Option<&str>) -> bool {
    endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"))
}

fn region_label(settings: &StoreSettings) -> String {
    settings.options.get("region").cloned().unwrap_or_else(|| UNKNOWN_REGION.to_owned())
}

fn client(
    backend: &'static str,
    objects: object_store::Result<Arc<dyn ObjectStore>>,
    region: String,
    endpoint: Option<String>,
) -> Result<Client, OpenError> {
    let fault = |error: object_store::Error| OpenError::Backend { backend, cause: Cause::from(error) };
    Ok(Client { objects: objects.map_err(fault)?, region, endpoint })
}
