//! Image files on disk, in memory or in an object store, on `object_store`.
//!
//! Owns the port `ImageStore` for every backend that `storage.url` can name, and the meaning of that
//! URL and of the options beside it. Refuses to read the environment: the variables that clouds are
//! set up with are handed over in [`StoreSettings`].
//!
//! Its surprising rule: the folder on disk is believed less than a cloud. What `object_store` leaves
//! open there (symbolic links, folders made by somebody else, deletions that a power cut takes back,
//! leftovers of killed writes) the module `disk` closes.

mod cloud;
mod disk;
mod remote;
mod settings;
mod store;
mod url;

pub use settings::{FileMode, InvalidFileMode, OpenError, Owner, StoreSettings};
pub use store::ObjectImageStore;
pub use url::{InvalidStoreUrl, StoreUrl};
