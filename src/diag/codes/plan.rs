//! `ddl::plan`: plans and locks.

codes! {}
