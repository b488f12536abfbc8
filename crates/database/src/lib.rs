//! Rows in SQLite and PostgreSQL with diesel and r2d2.
