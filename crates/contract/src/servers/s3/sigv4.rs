//! AWS Signature Version 4 for requests without a body
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use super::S3Server;
use crate::servers::supervised::{hmac, now};
use sha2::{Digest as _, Sha256};

/// The text of a signed request with an empty body. `query` is as it goes out: sorted by name and encoded.
pub(super) fn request(method: &str, host: &str, path: &str, query: &str) -> String {
    let (region, key) = (S3Server::REGION, S3Server::ACCESS_KEY_ID);
    let now = now();
    let (moment, date) = (now.format("%Y%m%dT%H%M%SZ").to_string(), now.format("%Y%m%d").to_string());
    let nothing = hex(&Sha256::digest(b""));
    let canonical = format!(
        "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{nothing}\nx-amz-date:{moment}\n\n\
         host;x-amz-content-sha256;x-amz-date\n{nothing}"
    );
    let scope = format!("{date}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let first = format!("AWS4{}", S3Server::SECRET_ACCESS_KEY).into_bytes();
    let steps = [date.as_str(), region, "s3", "aws4_request", &to_sign];
    let signature = hex(&steps.iter().fold(first, |key, text| hmac(&key, text.as_bytes())));
    let mark = if query.is_empty() { "" } else { "?" };
    // HTTP/1.0: the answer comes in one piece and ends with the connection.
    format!(
        "{method} {path}{mark}{query} HTTP/1.0\r\nHost: {host}\r\nX-Amz-Content-Sha256: {nothing}\r\n\
         X-Amz-Date: {moment}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={key}/{scope}, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
