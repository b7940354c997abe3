use maud::{Markup, html};

use crate::scenario::{BoxKind, Drawing, Link, NoteKind, PictureBox};

use super::size::{cut, wide};

/// The height of a box.
const BOX: usize = 22;

/// The height of a line below a box.
const LINE: usize = 14;

/// The space between two columns.
const GAP: usize = 22;

/// The longest label in characters.
const LABEL_MAX: usize = 30;

/// The picture of a world. `id` is unique in the page.
pub(super) fn picture(id: &str, drawing: &Drawing) -> Markup {
    let grid = Grid::of(drawing);
    let (width, height) = (grid.width(), grid.height());
    html! {
        svg.world role="img" aria-labelledby={ (id) "-t " (id) "-d" } width=(width) height=(height)
            viewBox={ "0 0 " (width) " " (height) } {
            title id={ (id) "-t" } { (drawing.caption) }
            desc id={ (id) "-d" } { (described(drawing)) }
            @for (column, title) in drawing.columns.iter().enumerate() {
                @if !title.is_empty() {
                    text.axis x=(grid.columns[column].0) y="14" { (title) }
                }
            }
            @for (row, title) in drawing.rows.iter().enumerate() {
                @if !title.is_empty() {
                    text.axis x="2" y=(grid.rows[row] + 15) { (cut(title, LABEL_MAX)) }
                }
            }
            @for link in &drawing.links {
                (line(drawing, &grid, *link))
            }
            @for its in &drawing.boxes {
                (boxed(&grid, its))
            }
        }
    }
}

/// The signs of a picture, those that it has.
pub(super) fn legend(drawing: &Drawing) -> Vec<(&'static str, &'static str)> {
    let has_box = |kind| drawing.boxes.iter().any(|its| its.kind == kind);
    let has_note = |kind| drawing.boxes.iter().flat_map(|its| &its.notes).any(|it| it.kind == kind);
    [
        (has_box(BoxKind::Held), "\u{25a3}", "filled: the subject has it at the start"),
        (has_box(BoxKind::Bad), "\u{2715}", "dashed: invalid, or built on what is invalid"),
        (has_note(NoteKind::Peer), "\u{25c6}", "a peer"),
        (has_note(NoteKind::Subject), "\u{25a0}", "the subject"),
    ]
    .into_iter()
    .filter(|(has, ..)| *has)
    .map(|(_, sign, words)| (sign, words))
    .collect()
}

/// Where rows and columns are.
struct Grid {
    /// Each column's x and width.
    columns: Vec<(usize, usize)>,
    /// Each row's y, and the end of the last.
    rows: Vec<usize>,
}

impl Grid {
    fn of(drawing: &Drawing) -> Self {
        let titles = drawing.rows.iter().map(|title| wide(&cut(title, LABEL_MAX))).max();
        let mut x = titles.filter(|width| *width > 0).map_or(2, |width| width + 14);
        let mut columns = Vec::new();
        for (column, title) in drawing.columns.iter().enumerate() {
            let own = |its: &&PictureBox| its.column as usize == column && its.wide == 1;
            let boxes = drawing.boxes.iter().filter(own).map(box_width).max().unwrap_or(0);
            let width = boxes.max(wide(title)).max(26);
            columns.push((x, width));
            x += width + GAP;
        }
        let has_axis = drawing.columns.iter().any(|title| !title.is_empty());
        let mut y = if has_axis { 24 } else { 4 };
        let mut rows = Vec::new();
        for row in 0..drawing.rows.len() {
            rows.push(y);
            let own = drawing.boxes.iter().filter(|its| its.row as usize == row);
            let notes = own.map(|its| its.notes.len()).max().unwrap_or(0);
            y += BOX + notes * LINE + 12;
        }
        rows.push(y);
        Self { columns, rows }
    }

    fn width(&self) -> usize {
        self.columns.last().map_or(0, |(x, width)| x + width) + 4
    }

    fn height(&self) -> usize {
        self.rows.last().map_or(0, |y| y - 4)
    }

    /// The left and the right end of a box, and its upper end.
    fn place(&self, its: &PictureBox) -> (usize, usize, usize) {
        let column = |index: u32| self.columns.get(index as usize).copied().unwrap_or((0, 0));
        let (left, _) = column(its.column);
        let (last, width) = column(its.column + its.wide.max(1) - 1);
        let top = self.rows.get(its.row as usize).copied().unwrap_or(0);
        (left, last + width, top)
    }
}

fn box_width(its: &PictureBox) -> usize {
    let notes = its.notes.iter().map(|note| wide(&cut(&note.text, LABEL_MAX)) + 10);
    notes.max().unwrap_or(0).max(wide(&cut(&its.label, LABEL_MAX)) + 14)
}

fn boxed(grid: &Grid, its: &PictureBox) -> Markup {
    let (left, right, top) = grid.place(its);
    let class = match its.kind {
        BoxKind::Bad => "box bad",
        BoxKind::Held => "box held",
        BoxKind::Plain => "box",
    };
    html! {
        rect class=(class) x=(left) y=(top) width=(right.saturating_sub(left)) height=(BOX) rx="4" {}
        text x=(left + 7) y=(top + 15) { (cut(&its.label, LABEL_MAX)) }
        @for (index, note) in its.notes.iter().enumerate() {
            @let (class, sign) = sign(note.kind);
            text class={ "note " (class) } x=(left + 1) y=(top + BOX + 11 + index * LINE) {
                (sign) (cut(&note.text, LABEL_MAX))
            }
        }
    }
}

fn sign(kind: NoteKind) -> (&'static str, &'static str) {
    match kind {
        NoteKind::About => ("about", ""),
        NoteKind::Flaw => ("flaw", "\u{2715} "),
        NoteKind::Peer => ("peer", "\u{25c6} "),
        NoteKind::Subject => ("subject", "\u{25a0} "),
    }
}

fn line(drawing: &Drawing, grid: &Grid, link: Link) -> Markup {
    let (Some(from), Some(to)) =
        (drawing.boxes.get(link.from as usize), drawing.boxes.get(link.to as usize))
    else {
        return html! {};
    };
    let ((_, x1, top1), (x2, right2, top2)) = (grid.place(from), grid.place(to));
    let (y1, y2) = (top1 + BOX / 2, top2 + BOX / 2);
    let bad = to.kind == BoxKind::Bad && from.kind == BoxKind::Bad;
    let class = if bad { "link bad" } else { "link" };
    let is_next = to.column == from.column + from.wide;
    let d = if y1 == y2 && x1 <= x2 {
        format!("M{x1} {y1}H{x2}")
    } else if is_next && y2 > y1 {
        // Down in the space between the columns, with a round corner.
        let turn = x1 + GAP / 2;
        format!("M{x1} {y1}h{}q5 0 5 5V{}q0 5 5 5H{x2}", turn - 5 - x1, y2 - 5)
    } else if x2 >= x1 {
        format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + 2 * GAP, x2.saturating_sub(2 * GAP))
    } else {
        format!("M{x1} {y1}C{} {y1} {} {y2} {right2} {y2}", x1 + GAP, right2 + GAP)
    };
    html! { path class=(class) d=(d) {} }
}

/// The picture for those who do not see it.
fn described(drawing: &Drawing) -> String {
    let noted = drawing.boxes.iter().filter(|its| !its.notes.is_empty()).map(|its| {
        let notes: Vec<&str> = its.notes.iter().map(|note| note.text.as_str()).collect();
        format!("{}: {}", its.label, notes.join(", "))
    });
    let noted: Vec<String> = noted.take(40).collect();
    format!("{} boxes. {}.", drawing.boxes.len(), noted.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_drawn() {
        let mut bad = PictureBox::new(1, 1, "side:1");
        bad.kind = BoxKind::Bad;
        bad.note(NoteKind::Flaw, "<no work>");
        let mut held = PictureBox::new(0, 0, "m0");
        held.kind = BoxKind::Held;
        held.note(NoteKind::Subject, "stored");
        let drawing = Drawing {
            caption: "A fork".to_owned(),
            columns: vec!["0".to_owned(), "1".to_owned()],
            rows: vec!["main".to_owned(), "side".to_owned()],
            boxes: vec![held, PictureBox::new(1, 0, "m1"), bad],
            links: vec![Link::new(0, 1), Link::new(0, 2)],
            left_out: None,
        };
        let lines = picture("w", &drawing).into_string().replace("><", ">\n<");
        insta::assert_snapshot!(lines);
        assert_eq!(legend(&drawing).len(), 3);
    }

    #[test]
    fn a_picture_that_refers_to_nothing_is_no_panic() {
        let drawing = Drawing {
            boxes: vec![PictureBox::new(7, 7, "x")],
            links: vec![Link::new(0, 9)],
            ..Drawing::default()
        };
        assert!(picture("w", &drawing).into_string().starts_with("<svg"));
    }
}
