//! `ddl::eval`: protocols and metrics.

codes! {}
