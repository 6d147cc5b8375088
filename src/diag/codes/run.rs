//! `ddl::run`: what goes wrong while a plan runs.

codes! {}
