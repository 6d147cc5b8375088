//! Feature distillation (Romero et al., ICLR 2015): the student's output, through a learned map where channels differ, follows the
//! teacher's.

use ddl::ops::terms::Feature;
use tch::Tensor;

use super::{Context, Need, Take, Term, TermInput, TermOutput, mismatch, plain, same_or};
use crate::nn::error::{NnError, shape};
use crate::nn::loss::distil::{cosine, hint};
use crate::nn::state::{Init, Role, Spec};

/// The learned map from the student's channels to the teacher's, `[teacher, student]`.
pub const ADAPTER: &str = "adapter";

impl Term for Feature {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let own = self.at.as_ref().map(|output| output.layer().to_owned());
        let teacher = same_or(self.teacher_at.as_ref(), self.at.as_ref());
        let data = self.data.node;
        Ok(vec![Need::own(data, Take::Output(own)), Need::taught(data, self.teacher.node, Take::Output(teacher))])
    }

    fn specs_between(&self, shapes: &[Vec<i64>]) -> Result<Vec<Spec>, NnError> {
        let [student, teacher] = shapes else { return Ok(Vec::new()) };
        if student.is_empty() || student.len() != teacher.len() || student[1..] != teacher[1..] {
            let what = "the student's output for feature()".to_owned();
            return Err(NnError::Input { what, expected: format!("height and width of {}", shape(teacher)), found: shape(student) });
        }
        let (own, wanted) = (student[0], teacher[0]);
        let adapter = Spec { name: ADAPTER.into(), shape: vec![wanted, own], role: Role::Parameter, init: Init::Uniform { fan_in: own } };
        Ok(if own == wanted { Vec::new() } else { vec![adapter] })
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Output(student), TermInput::Output(teacher)] = inputs else {
            return Err(mismatch("feature", "outputs of the student and of the teacher", inputs));
        };
        let (mut student, teacher) = (places(student)?, places(teacher)?);
        if student.size()[1] != teacher.size()[1] {
            student = student.f_linear(context.head.shared(ADAPTER)?, None::<&Tensor>)?;
        }
        let cosine = cosine(&student, &teacher)?;
        let value = hint(&student, &teacher, &cosine, self.distance, self.normalise);
        Ok(plain(value, vec![("cosine".into(), cosine)]))
    }
}

/// An output as one row of channels for each place of each image, `[places, channels]`.
fn places(output: &Tensor) -> Result<Tensor, NnError> {
    Ok(match output.dim() {
        4 => output.f_permute([0, 2, 3, 1])?.f_reshape([-1, output.size()[1]])?,
        _ => output.shallow_clone(),
    })
}
