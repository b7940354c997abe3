use std::fmt::Debug;

use serde::{Deserialize, Serialize};

/// A picture of a world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawing {
    /// What it shows, in a sentence.
    pub caption: String,
    /// What stands above each column, from the left; it may be empty.
    pub columns: Vec<String>,
    /// What stands before each row, from the top; it may be empty.
    pub rows: Vec<String>,
    /// The boxes.
    pub boxes: Vec<PictureBox>,
    /// The lines between them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// What is left out, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// Something of the world: a block, a run of blocks, a trie node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureBox {
    /// Its column.
    pub column: u32,
    /// Its row.
    pub row: u32,
    /// How many columns it is wide.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub wide: u32,
    /// Its name: the one that the steps of the run call it by.
    pub label: String,
    /// How it is drawn.
    #[serde(default, skip_serializing_if = "BoxKind::is_plain")]
    pub kind: BoxKind,
    /// What is to be said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// How a box is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoxKind {
    /// It is invalid, or stands on something invalid.
    Bad,
    /// The subject has it at the start.
    Held,
    /// Neither.
    #[default]
    Plain,
}

/// A few words about a box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Whom it is about.
    pub kind: NoteKind,
    /// The words.
    pub text: String,
}

/// Whom a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The world: a checkpoint, a count.
    About,
    /// What is wrong with the box.
    Flaw,
    /// A peer.
    Peer,
    /// The subject.
    Subject,
}

/// A line from one box to another, each by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The box that is built on.
    pub from: u32,
    /// The box that builds on it.
    pub to: u32,
}

impl PictureBox {
    /// A box without notes.
    pub fn new(column: usize, row: usize, label: impl Into<String>) -> Self {
        Self {
            column: index(column),
            row: index(row),
            wide: 1,
            label: label.into(),
            kind: BoxKind::Plain,
            notes: Vec::new(),
        }
    }

    /// Adds a note, if it is not there yet.
    pub fn note(&mut self, kind: NoteKind, text: impl Into<String>) {
        let note = Note { kind, text: text.into() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// The name of a variant in words: `CoinbaseHeight` is `coinbase height`.
pub fn in_words(variant: &impl Debug) -> String {
    let mut words = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

impl Link {
    /// A line between two boxes.
    pub fn new(from: usize, to: usize) -> Self {
        Self { from: index(from), to: index(to) }
    }
}

impl BoxKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

fn index(of: usize) -> u32 {
    u32::try_from(of).expect("a picture has few parts")
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_one(number: &u32) -> bool {
    *number == 1
}
