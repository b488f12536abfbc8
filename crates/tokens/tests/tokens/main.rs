//! Tokens good and forged against the verifier, keys from a secret, a file and a server.

mod forgeries;
mod issuing;
mod key_files;
mod rotation;
mod support;
