//! Rows in groups, in one piece of memory.

use std::ops::Range;

/// Numbers of rows, group by group.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    rows: Vec<u32>,
    /// Where each group ends in `rows`.
    ends: Vec<u32>,
}

impl Groups {
    /// Groups of so many rows each, from runs of rows with their groups.
    pub(crate) fn filled(counts: &[usize], runs: impl Iterator<Item = (usize, Range<u32>)>) -> Self {
        let mut ends: Vec<u32> = Vec::with_capacity(counts.len());
        let mut total = 0;
        for count in counts {
            ends.push(total); // each grows to its end as it is filled
            total += *count as u32;
        }
        let mut rows = vec![0; total as usize];
        for (group, run) in runs {
            for row in run {
                rows[ends[group] as usize] = row;
                ends[group] += 1;
            }
        }
        Groups { rows, ends }
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many rows there are in all.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Group number `at`.
    pub fn get(&self, at: usize) -> &[u32] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[start as usize..self.ends[at] as usize]
    }

    /// All groups in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + Clone {
        (0..self.len()).map(|at| self.get(at))
    }

    /// One more group.
    pub fn push(&mut self, rows: impl IntoIterator<Item = u32>) {
        self.rows.extend(rows);
        self.ends.push(self.rows.len() as u32);
    }

    /// Those groups for which `keep` holds.
    #[must_use]
    pub fn kept(self, keep: impl Fn(&[u32]) -> bool) -> Self {
        if self.iter().all(&keep) {
            return self;
        }
        let mut kept = Groups::default();
        self.iter().filter(|group| keep(group)).for_each(|group| kept.push(group.iter().copied()));
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_grouped_in_their_order() {
        let runs = [(2, 0..2), (0, 2..3), (2, 3..5)];
        let mut groups = Groups::filled(&[1, 0, 4], runs.into_iter());
        groups.push([9, 8]);
        assert_eq!(groups.iter().map(<[u32]>::to_vec).collect::<Vec<_>>(), [vec![2], vec![], vec![0, 1, 3, 4], vec![9, 8]]);
        assert_eq!(groups.kept(|rows| rows.len() > 1).iter().map(<[u32]>::to_vec).collect::<Vec<_>>(), [vec![0, 1, 3, 4], vec![9, 8]]);
    }
}
