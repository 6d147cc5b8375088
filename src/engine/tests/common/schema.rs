//! As much of JSON Schema as the schema of events says; anything else in it is an error, so that nothing is passed over.

use serde_json::Value;

/// Why a value does not fit a schema.
pub fn misfit(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    let Some(rules) = schema.as_object() else {
        return (*schema != Value::Bool(true)).then(|| format!("nothing fits {schema}"));
    };
    rules.iter().find_map(|(rule, wanted)| broken(root, rule, wanted, value))
}

fn broken(root: &Value, rule: &str, wanted: &Value, value: &Value) -> Option<String> {
    let all = |of: &Value| of.as_array().cloned().unwrap_or_default();
    let no = |why: &str| Some(format!("{why} {wanted}: {value}"));
    match rule {
        "$schema" | "$defs" | "title" | "description" | "default" | "format" => None,
        "$ref" => misfit(root, root.pointer(wanted.as_str().unwrap().trim_start_matches('#')).unwrap(), value),
        "const" => {
            if value == wanted {
                None
            } else {
                no("is not")
            }
        }
        "enum" => {
            if all(wanted).contains(value) {
                None
            } else {
                no("is none of")
            }
        }
        "type" => {
            let names = if wanted.is_array() { all(wanted) } else { vec![wanted.clone()] };
            if names.iter().any(|name| is_a(value, name.as_str().unwrap())) { None } else { no("is no") }
        }
        "minimum" => {
            if value.as_f64().is_none_or(|x| x >= wanted.as_f64().unwrap()) {
                None
            } else {
                no("is below")
            }
        }
        "required" => {
            all(wanted).iter().find(|name| value.get(name.as_str().unwrap()).is_none()).and_then(|name| no(&format!("lacks {name} of")))
        }
        "properties" => {
            let parts = wanted.as_object().unwrap().iter().filter_map(|(name, part)| Some((name, part, value.get(name)?)));
            parts.into_iter().find_map(|(name, part, it)| misfit(root, part, it).map(|why| format!("{name}: {why}")))
        }
        "additionalProperties" => match wanted {
            Value::Bool(_) => None, // beside `properties` of the same object
            of => value.as_object().into_iter().flatten().find_map(|(_, it)| misfit(root, of, it)),
        },
        "items" => {
            if wanted.is_boolean() {
                None
            } else {
                value.as_array().into_iter().flatten().find_map(|it| misfit(root, wanted, it))
            }
        }
        "prefixItems" => all(wanted).iter().zip(value.as_array().into_iter().flatten()).find_map(|(of, it)| misfit(root, of, it)),
        "minItems" => {
            if value.as_array().is_none_or(|it| it.len() as u64 >= wanted.as_u64().unwrap()) {
                None
            } else {
                no("is shorter than")
            }
        }
        "maxItems" => {
            if value.as_array().is_none_or(|it| it.len() as u64 <= wanted.as_u64().unwrap()) {
                None
            } else {
                no("is longer than")
            }
        }
        "anyOf" => {
            if all(wanted).iter().any(|of| misfit(root, of, value).is_none()) {
                None
            } else {
                no("is none of")
            }
        }
        "oneOf" => match all(wanted).iter().filter(|of| misfit(root, of, value).is_none()).count() {
            1 => None,
            count => Some(format!("fits {count} of the alternatives: {value}")),
        },
        other => Some(format!("this test does not know `{other}`")),
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}
