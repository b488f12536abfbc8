//! packshot: the HTTP server and its command line.
