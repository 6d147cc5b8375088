//! `ddl::data`: what is in the data.

codes! {}
