//! AWS Signature Version 4 for requests without a body or a query
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use crate::servers::supervised::{hmac, now};
use sha2::{Digest as _, Sha256};

/// The text of a signed `PUT` of nothing.
pub(super) fn put(host: &str, path: &str, region: &str, key: &str, secret: &str) -> String {
    let now = now();
    let (moment, date) = (now.format("%Y%m%dT%H%M%SZ").to_string(), now.format("%Y%m%d").to_string());
    let nothing = hex(&Sha256::digest(b""));
    let canonical = format!(
        "PUT\n{path}\n\nhost:{host}\nx-amz-content-sha256:{nothing}\nx-amz-date:{moment}\n\n\
         host;x-amz-content-sha256;x-amz-date\n{nothing}"
    );
    let scope = format!("{date}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let first = format!("AWS4{secret}").into_bytes();
    let steps = [date.as_str(), region, "s3", "aws4_request", &to_sign];
    let signature = hex(&steps.iter().fold(first, |key, text| hmac(&key, text.as_bytes())));
    format!(
        "PUT {path} HTTP/1.1\r\nHost: {host}\r\nX-Amz-Content-Sha256: {nothing}\r\nX-Amz-Date: {moment}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={key}/{scope}, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
