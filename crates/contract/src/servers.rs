//! Throwaway servers for tests: started from programs that the machine has, gone when the test is.
//!
//! Owns their life; refuses to skip: where a program is missing, the test fails and says what to install.

pub mod postgres;
