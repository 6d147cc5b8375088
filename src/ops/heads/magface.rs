//! MagFace's declaration.

use super::Logits;
use crate::lang::decl::Kinded;
use crate::lang::types::Type;
use crate::quantity::Angle;

crate::operator! {
    /// MagFace: ArcFace whose margin grows with the feature's length a = |x| (clamped to shortest..longest):
    /// m(a) = least + (most - least) (a - shortest) / (longest - shortest). The term's value has regulariser * mean(a / longest^2 + 1 / a) in it.
    ///
    /// Source: Meng et al., "MagFace", CVPR 2021. Defaults of its scripts (its argument parser says regulariser 20). For the features' lengths to
    /// converge the regulariser must be at least scale K longest^2 shortest^2 / (longest^2 - shortest^2), K the margin's slope: 22.6 here.
    pub struct MagFace("magface", 1, |_| Type::Head) {
        /// Radius of the hypersphere on which features and prototypes lie.
        scale: f64 = 64.0, in 1e-3..=1e4;
        /// Shorter features count as so long (l_a).
        shortest: f64 = 10.0, in 1e-3..=1e6;
        /// Longer features count as so long (u_a).
        longest: f64 = 110.0, in 1e-3..=1e6;
        /// The margin of the shortest (l_m).
        least: Angle = Angle::radians(0.45), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// The margin of the longest (u_m).
        most: Angle = Angle::radians(0.8), in 0.0..=std::f64::consts::FRAC_PI_2;
        /// Weight of the lengths' regulariser (lambda_g).
        regulariser: f64 = 35.0, in 0.0..=1e6;
        /// Whether the margin is applied only where cos(theta_y) > 0; else ArcFace's safe form.
        easy_margin: bool = true;
    }
    check = lengths_differ;
}

impl Kinded<Logits> for MagFace {
    const KIND: Logits = Logits::Cosines;
}

fn lengths_differ(call: &crate::lang::decl::Call) -> Vec<crate::lang::decl::Complaint> {
    let number = |name: &str, default: f64| call.args.get(name).map_or(Some(default), crate::lang::value::Value::magnitude);
    match (number("shortest", 10.0), number("longest", 110.0)) {
        (Some(shortest), Some(longest)) if longest - shortest == 0.0 => {
            let param = if call.args.contains_key("longest") { "longest" } else { "shortest" };
            vec![crate::ops::terms::about(
                param,
                "`shortest` and `longest` are the same: there is nothing for the margin to grow over".to_owned(),
                "for example: shortest = 10, longest = 110",
            )]
        }
        _ => Vec::new(), // different, or not known yet
    }
}
