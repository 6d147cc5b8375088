//! Room on the stack: walks that follow what others wrote go as deep as their own budgets allow, whatever thread they run on and however
//! the program was built.

/// What a step may take before it asks again: the frames of an unoptimised build, with room to spare.
const STEP: usize = 1 << 20;

/// What is added where less than a step is left.
const MORE: usize = 16 << 20;

/// Runs a step of a walk with room for it.
pub fn with_room<T>(step: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STEP, MORE, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(levels: usize) -> usize {
        let frame = std::hint::black_box([1; 512]);
        if levels == 0 { 0 } else { with_room(|| down(levels - 1)) + frame[0] }
    }

    #[test]
    fn a_walk_is_deeper_than_its_thread() {
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| down(10_000)).unwrap();
        assert_eq!(thread.join().unwrap(), 10_000);
    }
}
