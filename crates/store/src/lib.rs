//! Image files on disk, in memory or in an object store.
