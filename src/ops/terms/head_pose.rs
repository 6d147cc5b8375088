//! The declaration of Hopenet's loss.

use crate::lang::decl::{Call, Complaint};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::ops::refs::{DrawnRef, NetName, Reading};

crate::operator! {
    /// Hopenet's loss: of each angle that the samples know, the cross-entropy of its 66 bins and alpha times the squared error of the angle that is read off them, in degrees; the sum over the
    /// angles of the means over the batch. It trains a `hopenet`, which gives the bins.
    ///
    /// Source: Ruiz et al., "Fine-Grained Head Pose Estimation Without Keypoints", CVPR workshops 2018, and the authors' code: alpha is 0.001 there, published weights were trained with 1 and 2;
    /// images of more than 99 degrees are left out. An angle beyond 99 degrees that is given all the same counts for the last bin, one below -99 for the first; its squared error is
    /// that of the angle itself.
    pub struct HeadPose("head_pose", 1, |_| Type::Objective) {
        /// The images, of known pose.
        data: DrawnRef;
        /// The yaw of a sample.
        yaw: Option<Reading> = None;
        /// The pitch of a sample.
        pitch: Option<Reading> = None;
        /// The roll of a sample.
        roll: Option<Reading> = None;
        /// The weight of the squared error.
        alpha: f64 = 0.001, in 0.0..=1e3;
        /// The network that it trains, in a stage of several.
        of: Option<NetName> = None;
    }
    check = some_angle;
}

fn some_angle(call: &Call) -> Vec<Complaint> {
    let said = |name: &str| call.args.get(name).is_some_and(|value| *value != Value::None);
    if ["yaw", "pitch", "roll"].into_iter().any(said) {
        return Vec::new();
    }
    vec![Complaint {
        param: None,
        message: "`head_pose` learns no angle".to_owned(),
        help: Some("name the attributes: head_pose(data, yaw = .yaw, pitch = .pitch, roll = .roll)".to_owned()),
    }]
}

impl HeadPose {
    /// The angles that it learns, with their places among yaw, pitch and roll.
    pub fn angles(&self) -> Vec<(usize, &Reading)> {
        [&self.yaw, &self.pitch, &self.roll].into_iter().enumerate().filter_map(|(place, angle)| Some((place, angle.as_ref()?))).collect()
    }
}

crate::connected!(HeadPose, SINGLE, {
    fn reads(&self) -> Vec<&crate::data::predicate::Expr> {
        self.angles().into_iter().map(|(_, angle)| &angle.row).collect()
    }
});
