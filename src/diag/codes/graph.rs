//! `ddl::graph`: the graph of an experiment.

codes! {}
