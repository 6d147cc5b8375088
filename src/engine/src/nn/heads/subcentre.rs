//! Sub-centre ArcFace: the cosine to a class is the largest of those to its centres.

use ddl::ops::heads::{MarginGrad, SubCentre};
use tch::Tensor;

use super::cosine::{filtered, scaled, unit};
use super::{Head, HeadContext, HeadOutput, PROTOTYPES, prototypes};
use crate::nn::error::NnError;
use crate::nn::margin::{additive_angular, detached};
use crate::nn::state::{Init, Role, Spec};

/// The centres beside the first of each class, `[classes, centres - 1, d]`.
const OTHERS: &str = "sub_centres";

impl Head for SubCentre {
    fn specs(&self, classes: i64, embedding: i64) -> Vec<Spec> {
        let shape = vec![classes, i64::from(self.centres) - 1, embedding];
        let others = Spec { name: OTHERS.into(), shape, role: Role::Parameter, init: Init::Normal { sd: 0.01 } };
        std::iter::once(prototypes(classes, embedding)).chain((self.centres > 1).then_some(others)).collect()
    }

    fn logits(&self, x: &Tensor, labels: &Tensor, at: &HeadContext) -> Result<HeadOutput, NnError> {
        let x = unit(x);
        let mut cosines = x.f_matmul(&unit(&at.rows.local(PROTOTYPES)?).tr())?; // [n, classes]
        if self.centres > 1 {
            let others = at.rows.local(OTHERS)?;
            let (classes, more, width) = others.size3()?;
            let flat = unit(&others.f_reshape([classes * more, width])?);
            let others = x.f_matmul(&flat.tr())?.f_view([-1, classes, more])?.f_max_dim(2, false)?.0;
            cosines = cosines.f_maximum(&others)?;
        }
        scaled(&filtered(cosines, labels, at.filter)?, labels, self.scale, |cosine| {
            let target = additive_angular(cosine, self.margin.as_radians(), self.form);
            match self.margin_grad {
                MarginGrad::Exact => target,
                MarginGrad::Detached => detached(cosine, &target),
            }
        })
    }
}
