//! Bearer tokens, verified and issued with biscuit.
