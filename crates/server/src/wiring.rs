//! Assembles the adapters that the settings choose.
//!
//! The only module of the server that names an adapter. Every failure is one line with the key of the
//! setting at fault.

use crate::app::{App, ConnectionLimits, HttpOptions};
use crate::folders;
use crate::http::address::TrustedProxies;
use crate::http::pace::Pace;
use crate::instance_lock::InstanceLock;
use crate::jobs::Jobs;
use crate::routes::health::Readiness;
use crate::secret;
use crate::settings::{MetricsAccess, ProfileSetting, ServerSettings, Settings, variant_specs};
use crate::system::{RandomIdentifiers, SystemClock, SystemTimer};
use crate::telemetry::limits::CountedRateLimiter;
use crate::telemetry::metrics::{self, Gauges, Metrics};
use anyhow::{Context, anyhow, bail, ensure};
use chrono::TimeDelta;
pub use packshot_database::Database;
use packshot_database::{DatabaseSettings, DatabaseUrl};
use packshot_domain::catalog::Catalog;
use packshot_domain::ports::clock::Clock;
use packshot_domain::ports::image_store::ImageStore;
use packshot_domain::ports::rate_limiter::RateLimiter;
use packshot_domain::ports::token_verifier::TokenVerifier;
use packshot_domain::storage::StoreId;
use packshot_domain::storage::ownership::{Evidence, Files, Verdict};
use packshot_domain::sweep::Sweep;
use packshot_domain::upload::UploadImage;
use packshot_domain::verify::Verify;
use packshot_imaging::{CodecImageProcessor, ImagingSettings, Profile};
use packshot_store::{FileMode, ObjectImageStore, Owner, StoreSettings, StoreUrl};
use packshot_tokens::{BiscuitTokenVerifier, KeySource, TokenSettings};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a start waits for a command that has the embedded database to itself.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// What keeps rows and files, opened.
pub struct Backends {
    /// Rows.
    pub database: Database,
    /// Image files.
    pub store: Arc<ObjectImageStore>,
    /// The embedded database's lock, where it was taken; a database server has none.
    pub lock: Option<InstanceLock>,
    /// The time that all instances go by.
    pub clock: SystemClock,
}

impl Backends {
    /// Whether every unfinished upload is dead for certain: no other process has the embedded database, and no
    /// object that a dead one has sent can still land.
    #[must_use]
    pub fn nothing_is_in_work(&self) -> bool {
        self.store.is_local() && self.lock.as_ref().is_some_and(InstanceLock::alone)
    }
}

/// The file of the embedded database; `None` for a database server.
///
/// # Errors
/// One line that names `database.url` and the cause.
pub fn embedded_database(settings: &Settings) -> anyhow::Result<Option<PathBuf>> {
    match DatabaseUrl::parse(settings.database.url.expose_secret()).context("database.url")? {
        DatabaseUrl::Sqlite(file) => Ok(Some(file)),
        DatabaseUrl::Postgres(_) => Ok(None),
    }
}

/// The database of the settings, made where it is missing, but not migrated.
///
/// # Errors
/// One line that names `database.url` and the cause.
pub fn open_database(settings: &Settings) -> anyhow::Result<Database> {
    let url = DatabaseUrl::parse(settings.database.url.expose_secret()).context("database.url")?;
    if let DatabaseUrl::Sqlite(file) = &url {
        folders::ensure("database.url", folders::of(file))?;
    }
    let options = DatabaseSettings {
        pool_size: settings.database.pool_size,
        read_timeout: Duration::from_millis(settings.database.read_timeout_ms),
        ..DatabaseSettings::new(url)
    };
    Database::open(&options).context("database.url")
}

/// The database of the settings as commands find it that are not there to make or migrate one.
///
/// # Errors
/// One line that names `database.url` and the cause: also where it is missing, and where its schema is another
/// than this binary's.
pub fn existing_database(settings: &Settings) -> anyhow::Result<Database> {
    if let Some(file) = embedded_database(settings)? {
        let there = file.try_exists().with_context(|| format!("database.url: cannot look at {}", file.display()))?;
        ensure!(there, "database.url: there is no database at {} yet: run `packshot migrate`", file.display());
    }
    let database = open_database(settings)?;
    database.require_current().context("database.url")?;
    Ok(database)
}

/// The store of the settings, where it is this database's. A folder is made at the first start alone: one that has
/// gone or is empty later is a volume that is not mounted.
///
/// # Errors
/// One line that names `storage.url` and the cause, and says what to do.
pub fn open_store(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
    database: &Database,
) -> anyhow::Result<Arc<ObjectImageStore>> {
    let url = StoreUrl::parse(&settings.storage.url).context("storage.url")?;
    let owner = match &url {
        StoreUrl::File(folder) => owner_of(folder, database)?,
        _ => Owner::Whoever,
    };
    let store = open_store_of(settings, environment, owner)?;
    if let Some(found) = store.id() {
        let known = database.remember_image_store(found).context("database.url")?;
        ensure!(known == found, "storage.url: {}", refusal(&store.describe(), known));
    }
    Ok(store)
}

/// The store of the settings, only to look at: nothing is made. `None` where a server would make it at its first
/// start.
///
/// # Errors
/// One line that names `storage.url` and the cause.
pub fn look_at_store(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
    database: Option<&Database>,
) -> anyhow::Result<Option<Arc<ObjectImageStore>>> {
    let StoreUrl::File(folder) = StoreUrl::parse(&settings.storage.url).context("storage.url")? else {
        return open_new_store(settings, environment).map(Some);
    };
    let found = ObjectImageStore::owner_of(&folder).context("storage.url")?;
    let known = database.and_then(|database| database.image_store().ok().flatten());
    let shown = format!("the folder {}", folder.display());
    match (found, known) {
        (Some(found), Some(known)) if found != known => bail!("storage.url: {}", refusal(&shown, known)),
        (None, Some(known)) => bail!("storage.url: {}", refusal(&shown, known)),
        (Some(found), _) => open_store_of(settings, environment, Owner::Known(found)).map(Some),
        (None, None) => {
            let above = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
            let is_folder = above.is_dir() || above.as_os_str().is_empty();
            ensure!(is_folder, "storage.url: {shown} cannot be made: {} is no folder", above.display());
            Ok(None)
        }
    }
}

/// Whose the folder must be.
fn owner_of(folder: &Path, database: &Database) -> anyhow::Result<Owner> {
    let found = ObjectImageStore::owner_of(folder).context("storage.url")?;
    let known = database.image_store().context("database.url")?;
    let originals = database.some_originals().context("database.url")?;
    let files = match originals.as_slice() {
        [] => Files::NoImages,
        some if ObjectImageStore::has_any(folder, some) => Files::There,
        _ => Files::Missing,
    };
    let new = || StoreId::from_bits(rand::random());
    match (Evidence { known, found, files }).verdict() {
        Verdict::IsTheOne(id) => Ok(Owner::Known(id)),
        Verdict::Mark(id) => Ok(Owner::New(id.unwrap_or_else(new))),
        Verdict::Refuse => {
            // So that there is one to name.
            let known = database.remember_image_store(known.unwrap_or_else(new)).context("database.url")?;
            bail!("storage.url: {}", refusal(&format!("the folder {}", folder.display()), known))
        }
    }
}

/// What is wrong with the folder, and what to do.
fn refusal(folder: &str, known: StoreId) -> String {
    format!(
        "{folder} is not the one that this database's images are in: mount its volume, or, where this is the right \
         place for them from now on, write {known} into the file .packshot-store in it"
    )
}

/// The store of the settings, whosever it is; a folder is made where it is missing.
///
/// # Errors
/// One line that names the setting at fault and the cause.
pub fn open_new_store(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<Arc<ObjectImageStore>> {
    open_store_of(settings, environment, Owner::Whoever)
}

fn open_store_of(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
    owner: Owner,
) -> anyhow::Result<Arc<ObjectImageStore>> {
    let url = StoreUrl::parse(&settings.storage.url).context("storage.url")?;
    let options = settings.storage.options.iter();
    let options = options.map(|(key, value)| (key.clone(), value.expose_secret().to_owned())).collect();
    let file_mode = FileMode::parse(&settings.storage.file_mode).context("storage.file_mode")?;
    let options =
        StoreSettings { options, environment: environment.clone(), owner, file_mode, ..StoreSettings::new(url) };
    Ok(Arc::new(ObjectImageStore::open(&options).context("storage.url")?))
}

/// Both, with the migrations applied.
///
/// # Errors
/// One line that names the setting at fault and the cause.
pub fn open(settings: &Settings, environment: &BTreeMap<String, String>) -> anyhow::Result<Backends> {
    let database = open_database(settings)?;
    database.migrate().context("database.url")?;
    let store = open_store(settings, environment, &database)?;
    Ok(Backends { database, store, lock: None, clock: SystemClock::default() })
}

/// A database that was copied to this place, with the migrations applied, and the store in this place, which is its
/// own from now on, whatever place it came from.
///
/// # Errors
/// One line that names the setting at fault and the cause.
pub fn open_in_new_place(settings: &Settings, environment: &BTreeMap<String, String>) -> anyhow::Result<Backends> {
    let database = open_database(settings)?;
    database.migrate().context("database.url")?;
    let store = open_new_store(settings, environment)?;
    if let Some(id) = store.id() {
        database.move_to_image_store(id).context("database.url")?;
    }
    Ok(Backends { database, store, lock: None, clock: SystemClock::default() })
}

/// Both, as [`existing_database`] finds the one.
///
/// # Errors
/// One line that names the setting at fault and the cause.
pub fn existing(settings: &Settings, environment: &BTreeMap<String, String>) -> anyhow::Result<Backends> {
    let database = existing_database(settings)?;
    let store = open_store(settings, environment, &database)?;
    Ok(Backends { database, store, lock: None, clock: SystemClock::default() })
}

/// A server's lock on the embedded database; `None` for a database server. Waits up to [`LOCK_PATIENCE`] for a
/// process that has it alone, see [`InstanceLock::take`].
///
/// # Errors
/// One line that names `database.url` and the cause.
pub async fn lock(settings: &Settings) -> anyhow::Result<Option<InstanceLock>> {
    let Some(file) = embedded_database(settings)? else { return Ok(None) };
    let lock = InstanceLock::take(&file, "packshot serve", LOCK_PATIENCE).await;
    lock.context("database.url: cannot lock").map(Some)
}

/// The embedded database's lock for a command, where nobody else has it.
///
/// # Errors
/// One line that names `database.url` and the cause.
pub fn lock_alone(settings: &Settings, command: &str) -> anyhow::Result<Option<InstanceLock>> {
    let Some(file) = embedded_database(settings)? else { return Ok(None) };
    InstanceLock::take_alone(&file, command).context("database.url: cannot lock")
}

/// Everything that handlers can reach.
///
/// # Errors
/// One line that names the setting at fault and the cause.
pub fn app(settings: &Settings, backends: &Backends, jobs: Jobs) -> anyhow::Result<App> {
    let clock: Arc<dyn Clock> = Arc::new(backends.clock.clone());
    let database = Arc::new(backends.database.clone());
    let store: Arc<dyn ImageStore> = backends.store.clone();
    let specs = variant_specs(&settings.variants).map_err(|error| anyhow!("settings: {error}"))?;
    let processor = Arc::new(processor(settings)?);
    let limiter: Arc<dyn RateLimiter> = Arc::new(CountedRateLimiter(database.clone()));
    let metrics = match settings.metrics.access {
        MetricsAccess::Off => None,
        MetricsAccess::Admin | MetricsAccess::Public => Some(Metrics::start(gauges(backends, &processor))?),
    };
    let upload = UploadImage {
        products: database.clone(),
        images: database.clone(),
        journal: database.clone(),
        store: store.clone(),
        processor,
        keys: database.clone(),
        limiter: limiter.clone(),
        clock: clock.clone(),
        timer: Arc::new(SystemTimer),
        identifiers: Arc::new(RandomIdentifiers),
        specs: Arc::new(specs),
        per_product_day: settings.limits.per_product_day,
    };
    let catalog = Catalog {
        products: database.clone(),
        images: database.clone(),
        journal: database.clone(),
        store: store.clone(),
    };
    Ok(App {
        catalog: Arc::new(catalog),
        upload: Arc::new(upload),
        products: database.clone(),
        store,
        verifier: verifier(settings, clock.clone())?,
        limiter,
        readiness: Readiness::default(),
        clock,
        jobs,
        metrics,
        http: HttpOptions {
            type_base: settings.errors.type_base.clone(),
            public_base_url: settings.server.public_base_url.clone(),
            cors_origins: settings.server.cors_origins.clone(),
            trusted_proxies: TrustedProxies(settings.server.trusted_proxies.clone()),
            pace: Pace {
                patience: Duration::from_secs(settings.server.body_timeout_seconds),
                bytes_per_second: settings.server.min_body_bytes_per_second,
            },
            connections: ConnectionLimits {
                max_connections: settings.server.max_connections,
                head_timeout: Duration::from_secs(settings.server.head_timeout_seconds),
                keep_alive: Duration::from_secs(settings.server.keep_alive_seconds),
                answer_pace: answer_pace(&settings.server),
                linger: Duration::from_secs(settings.server.linger_seconds),
            },
            per_user_hour: settings.limits.per_user_hour,
            per_address_hour: settings.limits.per_address_hour,
            metrics_access: settings.metrics.access,
            max_discarded_bytes: settings.limits.max_discarded_bytes,
        },
    })
}

/// What is not set for answers is as it is for the bodies of requests.
fn answer_pace(server: &ServerSettings) -> Pace {
    let or = |set, otherwise| if set > 0 { set } else { otherwise };
    let seconds = or(server.answer_timeout_seconds, server.body_timeout_seconds);
    let rate = or(u64::from(server.min_answer_bytes_per_second), u64::from(server.min_body_bytes_per_second));
    Pace { patience: Duration::from_secs(seconds), bytes_per_second: u32::try_from(rate).unwrap_or(u32::MAX) }
}

/// What is measured when somebody looks.
fn gauges(backends: &Backends, processor: &Arc<CodecImageProcessor>) -> Gauges {
    let (database, processor) = (backends.database.clone(), Arc::downgrade(processor));
    Box::new(move || {
        let load = database.load();
        metrics::connections(load.open, load.idle);
        if let Some(processor) = processor.upgrade() {
            let load = processor.load();
            metrics::imaging(load.running, load.waiting, load.budget_bytes, load.working_bytes);
        }
    })
}

/// The sweep over these backends.
#[must_use]
pub fn sweep(settings: &Settings, backends: &Backends) -> Sweep {
    let database = Arc::new(backends.database.clone());
    Sweep {
        journal: database.clone(),
        store: backends.store.clone(),
        keys: database.clone(),
        limiter: database.clone(),
        audit: database,
        clock: Arc::new(backends.clock.clone()),
        landing: TimeDelta::seconds(i64::from(settings.sweep.grace_seconds)),
        audit_retention: match settings.audit.keep_days {
            0 => None,
            days => Some(TimeDelta::days(i64::from(days))),
        },
    }
}

/// The comparison of these backends.
#[must_use]
pub fn verify(backends: &Backends) -> Verify {
    let database = Arc::new(backends.database.clone());
    Verify { images: database.clone(), journal: database, store: backends.store.clone() }
}

fn processor(settings: &Settings) -> anyhow::Result<CodecImageProcessor> {
    let profile = match settings.imaging.profile {
        ProfileSetting::Quality => Profile::Quality,
        ProfileSetting::Fast => Profile::Fast,
    };
    let mut options = match settings.imaging.workers {
        0 => ImagingSettings::default(),
        workers => ImagingSettings::for_workers(workers),
    };
    options.profile = profile;
    options.max_wait = Duration::from_millis(settings.imaging.max_wait_ms);
    options.max_cpu_time = Duration::from_millis(settings.imaging.max_cpu_ms);
    if settings.imaging.memory_mib > 0 {
        options.budget_bytes = settings.imaging.memory_mib.saturating_mul(1 << 20);
    }
    CodecImageProcessor::new(options).context("imaging")
}

fn verifier(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn TokenVerifier>> {
    let auth = &settings.auth;
    let keys = match auth.jwks.as_deref() {
        Some(url) if url.contains("://") => KeySource::JwksUrl(url.to_owned()),
        Some(path) => KeySource::JwksFile(PathBuf::from(path)),
        None => KeySource::Hs256(secret::load_or_make(auth)?),
    };
    let options = TokenSettings {
        issuer: auth.issuer.clone(),
        audience: auth.audience.clone(),
        admin_roles: auth.admin_roles.clone(),
        role_claims: auth.role_claims.clone(),
        jwks_max_age: Duration::from_secs(auth.jwks_max_age_seconds),
        ..TokenSettings::new(keys)
    };
    Ok(Arc::new(BiscuitTokenVerifier::new(options, clock).context("auth.jwks")?))
}
