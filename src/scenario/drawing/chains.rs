use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::{Axis, BoxKind, Drawing, Link, NoteKind, PictureBox};

/// The most chains that are drawn.
const LANES_MAX: usize = 24;

/// A chain: what it forks off, and the heights of its own blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// The last block that it has in common with an earlier lane: that lane and the height.
    pub fork: Option<(usize, u64)>,
    /// The heights of its own blocks, by rising height.
    pub heights: Vec<RangeInclusive<u64>>,
}

/// The picture of chains that fork off from each other, heights from left to right.
#[derive(Clone, Debug)]
pub struct Chains {
    axis: Axis,
    lanes: Vec<Lane>,
    /// The boxes of each lane, by column.
    boxes: Vec<Vec<Option<usize>>>,
    drawing: Drawing,
}

impl Chains {
    /// Draws lanes; `unit` is what their blocks are called in general, `name` what a lane's block of
    /// a height is called. Heights that are remarkable, and those of forks and tips, stand alone.
    pub fn draw(
        mut lanes: Vec<Lane>,
        unit: &str,
        remarkable: impl IntoIterator<Item = u64>,
        name: impl Fn(usize, u64) -> String,
    ) -> Self {
        let last = lanes.iter().filter_map(Lane::last).max().unwrap_or(0);
        let mut alone: BTreeSet<u64> = remarkable.into_iter().chain([0, last]).collect();
        for lane in &lanes {
            alone.extend(lane.last());
            alone.extend(lane.fork.iter().flat_map(|(_, height)| [*height, *height + 1]));
        }
        let axis = Axis::new(last, &alone);
        let left_out = lanes.len().saturating_sub(LANES_MAX);
        lanes.truncate(LANES_MAX);
        let drawing = Drawing {
            columns: axis.titles(),
            rows: lanes.iter().map(|lane| lane.name.clone()).collect(),
            left_out: (left_out > 0).then(|| format!("{left_out} chains")),
            ..Drawing::default()
        };
        let mut chains = Self { axis, boxes: Vec::new(), drawing, lanes };
        for row in 0..chains.lanes.len() {
            chains.draw_lane(row, unit, &name);
        }
        chains
    }

    /// The box of a lane's block, or of the block of the lane that it forks off.
    pub fn box_of(&mut self, lane: usize, height: u64) -> Option<&mut PictureBox> {
        let index = self.index_of(lane, height)?;
        self.drawing.boxes.get_mut(index)
    }

    /// Adds a note to a block.
    pub fn note(&mut self, lane: usize, height: u64, kind: NoteKind, text: impl Into<String>) {
        if let Some(its) = self.box_of(lane, height) {
            its.note(kind, text);
        }
    }

    /// Draws the blocks of a lane from `from` on, and below what it forks off, in a way.
    pub fn mark(&mut self, lane: usize, from: u64, up_to: u64, kind: BoxKind) {
        for column in 0..self.axis.columns().len() {
            let heights = &self.axis.columns()[column];
            let covered = from <= *heights.start() && *heights.end() <= up_to;
            if covered && let Some(its) = self.box_of(lane, up_to.min(*heights.end())) {
                its.kind = kind;
            }
        }
    }

    /// Adds a row with one box over a range of heights.
    pub fn add_bar(
        &mut self,
        row: impl Into<String>,
        heights: RangeInclusive<u64>,
    ) -> Option<&mut PictureBox> {
        let first = self.axis.column_of(*heights.start())?;
        let last = self.axis.column_of(*heights.end())?;
        self.drawing.rows.push(row.into());
        let row = self.drawing.rows.len() - 1;
        let label = if heights.start() == heights.end() {
            heights.start().to_string()
        } else {
            format!("{}..{}", heights.start(), heights.end())
        };
        let wide = u32::try_from(last - first + 1).expect("a picture has few columns");
        let bar = PictureBox { wide, kind: BoxKind::Held, ..PictureBox::new(first, row, label) };
        self.drawing.boxes.push(bar);
        self.drawing.boxes.last_mut()
    }

    /// The picture.
    pub fn finish(self, caption: impl Into<String>) -> Drawing {
        Drawing { caption: caption.into(), ..self.drawing }
    }

    fn draw_lane(&mut self, row: usize, unit: &str, name: &impl Fn(usize, u64) -> String) {
        let lane = self.lanes[row].clone();
        self.boxes.push(vec![None; self.axis.columns().len()]);
        let mut before = lane.fork.and_then(|(of, height)| self.index_of(of, height));
        for column in 0..self.axis.columns().len() {
            let Some((low, high, count)) = lane.within(&self.axis.columns()[column]) else {
                continue;
            };
            let label = match count {
                1 => name(row, low),
                _ => format!("{}..{}", name(row, low), name(row, high)),
            };
            let mut its = PictureBox::new(column, row, label);
            if count > 1 {
                its.note(NoteKind::About, format!("{count} {unit}"));
            }
            let index = self.drawing.boxes.len();
            self.drawing.boxes.push(its);
            self.boxes[row][column] = Some(index);
            if let Some(before) = before.replace(index) {
                self.drawing.links.push(Link::new(before, index));
            }
        }
    }

    fn index_of(&self, mut lane: usize, height: u64) -> Option<usize> {
        while let Some((of, fork)) = self.lanes.get(lane)?.fork
            && height <= fork
        {
            lane = of;
        }
        *self.boxes.get(lane)?.get(self.axis.column_of(height)?)?
    }
}

impl Lane {
    fn last(&self) -> Option<u64> {
        self.heights.last().map(|heights| *heights.end())
    }

    /// The lowest and the highest of its blocks within a range, and how many they are.
    fn within(&self, range: &RangeInclusive<u64>) -> Option<(u64, u64, u64)> {
        let mut found: Option<(u64, u64, u64)> = None;
        for own in &self.heights {
            let (low, high) = (*own.start().max(range.start()), *own.end().min(range.end()));
            if low <= high {
                let (first, _, count) = found.unwrap_or((low, high, 0));
                found = Some((first, high, count + high - low + 1));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> Vec<Lane> {
        let lane = |name: &str, fork, heights| Lane {
            name: name.to_owned(),
            fork,
            heights: vec![heights],
        };
        vec![lane("main", None, 0..=99), lane("side", Some((0, 40)), 41..=50)]
    }

    fn labels(drawing: &Drawing, row: u32) -> Vec<&str> {
        let on_row = drawing.boxes.iter().filter(|its| its.row == row);
        on_row.map(|its| its.label.as_str()).collect()
    }

    #[test]
    fn runs_of_blocks_share_a_box() {
        let chains = Chains::draw(lanes(), "blocks", [], |lane, height| format!("{lane}:{height}"));
        let drawing = chains.finish("a fork");
        let main = ["0:0", "0:1..0:39", "0:40", "0:41", "0:42..0:49", "0:50", "0:51..0:98", "0:99"];
        assert_eq!(labels(&drawing, 0), main);
        assert_eq!(labels(&drawing, 1), ["1:41", "1:42..1:49", "1:50"]);
        let from_fork = drawing.links.iter().find(|link| link.to == 8).expect("it is linked");
        assert_eq!(drawing.boxes[from_fork.from as usize].label, "0:40");
    }

    #[test]
    fn what_is_before_a_fork_belongs_to_the_other_lane() {
        let mut chains =
            Chains::draw(lanes(), "blocks", [], |lane, height| format!("{lane}:{height}"));
        chains.note(1, 12, NoteKind::Peer, "p1");
        chains.mark(1, 0, 50, BoxKind::Held);
        let drawing = chains.finish("a fork");
        let noted: Vec<&str> = drawing
            .boxes
            .iter()
            .filter(|its| its.notes.iter().any(|note| note.kind == NoteKind::Peer))
            .map(|its| its.label.as_str())
            .collect();
        assert_eq!(noted, ["0:1..0:39"]);
        let held = drawing.boxes.iter().filter(|its| its.kind == BoxKind::Held).count();
        assert_eq!(held, 6, "three columns of each lane");
    }
}
