//! Decodes, turns, converts, resizes, encodes and cleans pictures.
