//! Many texts in one piece of memory.

/// Texts between two whose places are written in full.
const BLOCK: usize = 1 << 10;

/// Texts one after the other, told by their numbers: their letters and four bytes each. They are paths, of which a block is far below 4
/// GiB.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each begins, counted from its block.
    starts: Vec<u32>,
    /// Where each block begins.
    blocks: Vec<usize>,
}

impl Names {
    pub fn push(&mut self, name: &str) {
        if self.starts.len().is_multiple_of(BLOCK) {
            self.blocks.push(self.text.len());
        }
        self.starts.push((self.text.len() - self.blocks[self.blocks.len() - 1]) as u32);
        self.text.push_str(name);
    }

    /// Text number `at`, which is one of them.
    pub fn get(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.start(at + 1)]
    }

    fn start(&self, at: usize) -> usize {
        self.starts.get(at).map_or(self.text.len(), |start| self.blocks[at / BLOCK] + *start as usize)
    }

    /// Gives back memory that was taken for more.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_by_their_numbers() {
        let names: Vec<String> = (0..3 * BLOCK).map(|at| if at % 7 == 0 { String::new() } else { format!("é{at}") }).collect();
        let mut packed = Names::default();
        names.iter().for_each(|name| packed.push(name));
        packed.shrink();
        assert_eq!(packed.starts.len(), names.len());
        assert!(names.iter().enumerate().all(|(at, name)| packed.get(at) == name));
    }
}
