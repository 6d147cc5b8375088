//! `ddl::types`: types and units.

codes! {
    UnitMismatch = "ddl::types::unit_mismatch": "a quantity in a unit that does not fit" {
        "Every quantity has a unit. A unit that converts (degrees to radians) is converted; one that does not, and a bare number \
         where a unit is wanted, are errors."
        wrong: "head arc = arcface(scale = 64, margin = 0.5px)",
        right: "head arc = arcface(scale = 64, margin = 0.5rad)",
    }
}
