//! Knowledge distillation (Hinton et al., 2015): `T² KL(softmax(z_t / T) || softmax(z_s / T))` of each image, and one number of them.

use ddl::ops::terms::Kd;

use super::logits::{agreement, take};
use super::reduce::reduce;
use super::{Context, Need, Term, TermInput, TermOutput, mismatch, plain};
use crate::nn::error::NnError;
use crate::nn::loss::distil::knowledge;

impl Term for Kd {
    fn needs(&self) -> Result<Vec<Need>, NnError> {
        let of = |slot: &str| take(self.logits, self.scale, slot);
        let teacher = self.teacher_slot.as_deref().unwrap_or(&self.slot);
        Ok(vec![Need::own(self.data.node, of(&self.slot)), Need::taught(self.data.node, self.teacher.node, of(teacher))])
    }

    fn evaluate(&self, inputs: &[TermInput], context: &Context) -> Result<TermOutput, NnError> {
        let [TermInput::Logits(student), TermInput::Logits(teacher)] = inputs else {
            return Err(mismatch("kd", "logits of the student and of the teacher", inputs));
        };
        let temperature = context.clock.read(&self.temperature);
        if temperature <= 0.0 {
            let why = "a temperature is more than 0 at every step".to_owned();
            return Err(NnError::Option { option: "temperature", value: temperature.to_string(), why });
        }
        let value = reduce(&knowledge(student, teacher, temperature)?, self.reduce.as_ref())?;
        Ok(plain(value, vec![("agreement".into(), agreement(student, teacher))]))
    }
}
