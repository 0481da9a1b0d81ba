//! Every line of SQL: rows in, domain values out.
