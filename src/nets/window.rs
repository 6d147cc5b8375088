//! Pooling.

/// What is kept of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The largest value.
    Max,
    /// The mean.
    Mean,
}

/// Pooling over square windows, without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// What is kept.
    pub keep: Keep,
    /// The window's side.
    pub side: i64,
    /// Pixels between two windows.
    pub stride: i64,
    /// Whether a window that hangs over the edge counts.
    pub ceil: bool,
}

impl Window {
    /// The side of what comes out, for a side of what goes in.
    pub fn output(self, side: i64) -> i64 {
        let room = side - self.side;
        let windows = if self.ceil { (room + self.stride - 1) / self.stride } else { room / self.stride } + 1;
        // libtorch's rule: a window starts inside
        if (windows - 1) * self.stride >= side { windows - 1 } else { windows }
    }
}
