use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::skeleton::message::{LocalBlock, LocalStart, Part};
use crate::families::skeleton::{LocalChain, Profile, Status, Store, Subchain};
use crate::primitives::bytes_of_hex;
use crate::primitives::ethereum_header::{HeaderFields, SealedHeader};
use crate::primitives::ethereum_state::Hash32;
use crate::primitives::number::{Number, number};
use crate::world::headers::{BranchSpec, HeaderTree, TreeSpec};

use super::label::{Label, Labels, is_name};

/// All headers of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainShape {
    /// The number of the trunk's last header; genesis is always there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub length: u64,
    /// Chains that fork off the trunk or each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side: Vec<SideShape>,
    /// Headers that are spelled out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<OwnShape>,
}

/// A side chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideShape {
    /// Its name.
    pub name: String,
    /// The side chain that it forks off, one of those before it; the trunk, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The number of the last header that both have.
    pub fork: u64,
    /// How many headers it has of its own.
    pub length: u64,
}

/// A header that is spelled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnShape {
    /// The name that it has in this case.
    pub name: String,
    /// What it is.
    pub header: OwnHeader,
}

/// How a header is spelled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum OwnHeader {
    /// By some of its fields; all others are zero.
    Fields {
        /// Its number.
        #[serde(with = "number")]
        #[schemars(with = "Number<u64>")]
        number: u64,
        /// The header before it, by name or hash; the zero hash, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<Label>,
        /// Its extra data, as hexadecimal string.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extra: Option<String>,
        /// Its time in seconds since 1970.
        #[serde(default, with = "number", skip_serializing_if = "is_default")]
        #[schemars(with = "Number<u64>")]
        time: u64,
        /// Its difficulty.
        #[serde(default, with = "number", skip_serializing_if = "is_default")]
        #[schemars(with = "Number<u64>")]
        difficulty: u64,
    },
    /// By its RLP.
    Rlp {
        /// The bytes, as hexadecimal string.
        bytes: SealedHeader,
    },
}

/// The local chain of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalShape {
    /// The canonical head. The headers that lead to it from genesis are the local chain.
    pub head: Label,
    /// The number of the last block that was filled. If absent, that of the highest one that is
    /// whole: only a whole block can have been filled. It may be above
    /// the head, as a client's own pointer may be: all that is there is filled then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snap_head: Option<u64>,
    /// The last blocks of chains that are there and not canonical.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub sides: Labels,
    /// Blocks that are not whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<Lack>,
}

/// A block that is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lack {
    /// Which block.
    pub of: Label,
    /// What it lacks.
    pub part: Part,
}

/// What is persisted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredShape {
    /// The subchains, the primary first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subchains: Vec<SubchainShape>,
    /// The finalized number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finalized: Option<u64>,
    /// The header rows; of two with the same number the last stands.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub rows: Labels,
    /// The status as its bytes are, in place of subchains and finalized number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
}

/// A subchain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubchainShape {
    /// The number of its highest header.
    pub head: u64,
    /// The number of its lowest header.
    pub tail: u64,
    /// The header below the lowest. If absent, the parent of the row with the number of the tail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Label>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Numbers above are not read alike by all who read YAML.
const NUMBER_MAX: u64 = 1 << 53;

/// The headers of a case, by name and by hash.
#[derive(Debug)]
pub(super) struct Shape {
    tree: HeaderTree,
    sides: Vec<String>,
    own: BTreeMap<String, SealedHeader>,
    own_names: BTreeMap<Hash32, String>,
}

impl Shape {
    /// The headers of a shape, or the first thing that does not fit.
    pub(super) fn build(shape: &ChainShape) -> Result<Self, String> {
        let mut sides: Vec<String> = Vec::new();
        let mut branches = Vec::new();
        for (index, side) in shape.side.iter().enumerate() {
            let field = |name: &str| format!("chain.side[{index}].{name}");
            if !is_name(&side.name) || sides.contains(&side.name) {
                return Err(format!("{}: {:?} is no new name", field("name"), side.name));
            }
            let of = match &side.parent {
                None => 0,
                Some(parent) => sides.iter().position(|name| name == parent).map_or_else(
                    || Err(format!("{}: no side chain {parent:?} before it", field("parent"))),
                    |of| Ok(of + 1),
                )?,
            };
            let of = u32::try_from(of).map_err(|_| "chain.side: too many".to_owned())?;
            branches.push(BranchSpec { of, after: side.fork, length: side.length });
            sides.push(side.name.clone());
        }
        // A tree has a trunk of one header at least; a case need not know of it.
        let length = shape.length.max(1);
        let tree = HeaderTree::build(&TreeSpec { length, branches }).map_err(|(field, why)| {
            // The names that a shape has for the fields of a tree.
            let field = field.replace("branches", "side").replace("after", "fork");
            format!("chain.{field}: {why}")
        })?;
        let (own, own_names) = (BTreeMap::new(), BTreeMap::new());
        let mut built = Self { tree, sides, own, own_names };
        for (index, own) in shape.own.iter().enumerate() {
            built.add_own(own).map_err(|why| format!("chain.own[{index}]: {why}"))?;
        }
        Ok(built)
    }

    fn add_own(&mut self, own: &OwnShape) -> Result<(), String> {
        if !is_name(&own.name) || self.own.contains_key(&own.name) {
            return Err(format!("name: {:?} is no new name", own.name));
        }
        let header = match &own.header {
            OwnHeader::Rlp { bytes } => bytes.clone(),
            OwnHeader::Fields { number, parent, extra, time, difficulty } => {
                let parent = parent.as_ref().map_or(Ok(Hash32::ZERO), |parent| self.hash(parent));
                let extra = extra.as_deref().map_or(Ok(Vec::new()), bytes_of_hex);
                SealedHeader::of_fields(&HeaderFields {
                    parent: parent?,
                    extra: extra?,
                    number: *number,
                    time: *time,
                    difficulty: *difficulty,
                    ..HeaderFields::default()
                })
            }
        };
        if header.number() > NUMBER_MAX {
            return Err(format!("number: at most {NUMBER_MAX}"));
        }
        self.own_names.insert(header.hash(), own.name.clone());
        self.own.insert(own.name.clone(), header);
        Ok(())
    }

    /// The header that a label names.
    pub(super) fn header(&self, label: &Label) -> Result<&SealedHeader, String> {
        let found = match label {
            Label::Trunk(number) => self.tree.header(0, *number),
            Label::Side(name, number) => {
                let index = self.sides.iter().position(|side| side == name);
                let index = index.ok_or_else(|| format!("there is no side chain {name:?}"))?;
                self.tree.header(index as u32 + 1, *number)
            }
            Label::Own(name) => self.own.get(name),
            Label::Hash(hash) => self.by_hash(hash),
        };
        found.ok_or_else(|| format!("there is no header {label}"))
    }

    pub(super) fn headers(&self, labels: &Labels) -> Result<Vec<SealedHeader>, String> {
        labels.0.iter().map(|label| self.header(label).cloned()).collect()
    }

    /// The hash that a label stands for. It need not be that of a header.
    pub(super) fn hash(&self, label: &Label) -> Result<Hash32, String> {
        match label {
            Label::Hash(hash) => Ok(*hash),
            _ => self.header(label).map(SealedHeader::hash),
        }
    }

    /// The name of a header by its hash.
    pub(super) fn label(&self, hash: &Hash32) -> Label {
        if let Some(name) = self.own_names.get(hash) {
            return Label::Own(name.clone());
        }
        match self.tree.find(hash) {
            Some((0, number)) => Label::Trunk(number),
            Some((branch, number)) => Label::Side(self.sides[branch as usize - 1].clone(), number),
            None => Label::Hash(*hash),
        }
    }

    fn by_hash(&self, hash: &Hash32) -> Option<&SealedHeader> {
        if let Some(name) = self.own_names.get(hash) {
            return self.own.get(name);
        }
        let (branch, number) = self.tree.find(hash)?;
        self.tree.header(branch, number)
    }

    /// The local chain.
    pub(super) fn local(&self, shape: Option<&LocalShape>) -> Result<LocalStart, String> {
        let genesis = || LocalShape {
            head: Label::Trunk(0),
            snap_head: None,
            sides: Labels::default(),
            lacks: Vec::new(),
        };
        let shape = shape.cloned().unwrap_or_else(genesis);
        let mut blocks: Vec<LocalBlock> = Vec::new();
        let path = self.path(&shape.head).map_err(|why| format!("local.head: {why}"))?;
        let head = path.last().expect("a path has its end").clone();
        let path_length = path.len();
        let mut seen: BTreeMap<Hash32, usize> = BTreeMap::new();
        let sides = shape.sides.0.iter().map(|side| self.path(side));
        let sides = sides.collect::<Result<Vec<_>, _>>();
        let sides = sides.map_err(|why| format!("local.sides: {why}"))?;
        for header in path.into_iter().chain(sides.into_iter().flatten()) {
            seen.entry(header.hash()).or_insert_with(|| {
                blocks.push(LocalBlock { header, lacks: None });
                blocks.len() - 1
            });
        }
        for (index, lack) in shape.lacks.iter().enumerate() {
            let hash = self.hash(&lack.of).map_err(|why| format!("local.lacks[{index}]: {why}"))?;
            let block = seen.get(&hash).ok_or_else(|| {
                format!("local.lacks[{index}]: {} is not in the local chain", lack.of)
            })?;
            blocks[*block].lacks = Some(lack.part);
        }
        if shape.snap_head.is_some_and(|number| number > i64::MAX.unsigned_abs()) {
            return Err(format!("local.snap_head: at most {}", i64::MAX));
        }
        let whole = blocks[..path_length].iter().rev().find(|block| block.lacks.is_none());
        let whole = whole.map_or(0, |block| block.header.number());
        let snap_head = shape.snap_head.map_or(whole, |number| number.min(head.number()));
        Ok(LocalStart { blocks: blocks.into(), head: head.hash(), snap_head })
    }

    /// The headers that lead to this one, genesis first.
    fn path(&self, label: &Label) -> Result<Vec<SealedHeader>, String> {
        let mut header = self.header(label)?;
        let mut path = vec![header.clone()];
        while header.number() > 0 {
            let below = self.by_hash(&header.parent());
            let below = below.filter(|below| below.number() + 1 == header.number());
            header = below.ok_or_else(|| {
                let number = header.number();
                format!("nothing leads to {label}: the header below {number} is not there")
            })?;
            path.push(header.clone());
        }
        path.reverse();
        Ok(path)
    }

    pub(super) fn local_chain(&self, shape: Option<&LocalShape>) -> Result<LocalChain, String> {
        let mut local = LocalChain::new(&self.local(shape)?);
        if let Some(above) = shape.and_then(|shape| self.filled_above(shape)) {
            local.fill_above(above);
        }
        Ok(local)
    }

    /// The header of a snap head above the head: the one that the head's chain has, or one that no
    /// chain has.
    pub(super) fn filled_above(&self, shape: &LocalShape) -> Option<SealedHeader> {
        let head = self.header(&shape.head).ok()?;
        let number = shape.snap_head.filter(|number| *number > head.number())?;
        let above = match &shape.head {
            Label::Side(name, _) => self.header(&Label::Side(name.clone(), number)),
            _ => self.header(&Label::Trunk(number)),
        };
        let nobody_has =
            || SealedHeader::of_fields(&HeaderFields { number, ..HeaderFields::default() });
        Some(above.map_or_else(|_| nobody_has(), SealedHeader::clone))
    }

    /// What is persisted, and its status as JSON.
    pub(super) fn stored(
        &self,
        shape: Option<&StoredShape>,
        profile: Profile,
    ) -> Result<(Vec<SealedHeader>, Option<String>), String> {
        let Some(shape) = shape else { return Ok((Vec::new(), None)) };
        let rows = self.headers(&shape.rows).map_err(|why| format!("stored.rows: {why}"))?;
        let described = !shape.subchains.is_empty() || shape.finalized.is_some();
        if let Some(json) = &shape.json {
            if described {
                return Err("stored.json: it stands in place of subchains and finalized".into());
            }
            let chains = Status::of_json(json).map_or(Vec::new(), |status| status.subchains);
            let fits = |chain: &Subchain| {
                1 <= chain.tail && chain.tail <= chain.head && chain.head <= NUMBER_MAX
            };
            if !chains.iter().all(fits) {
                let why = format!("a subchain has 1 <= Tail <= Head <= {NUMBER_MAX}");
                return Err(format!("stored.json: {why}"));
            }
            return Ok((rows, Some(json.clone())));
        }
        let mut status = Status { subchains: Vec::new(), finalized: shape.finalized };
        for (index, chain) in shape.subchains.iter().enumerate() {
            let at = |why: String| format!("stored.subchains[{index}]: {why}");
            if chain.tail == 0 || chain.tail > chain.head || chain.head > NUMBER_MAX {
                let (head, tail) = (chain.head, chain.tail);
                let bounds = format!("1 <= tail <= head <= {NUMBER_MAX}");
                return Err(at(format!("{bounds}, got head {head}, tail {tail}")));
            }
            let row = rows.iter().rev().find(|row| row.number() == chain.tail);
            let next = match (&chain.next, row) {
                (Some(next), _) => self.hash(next).map_err(at)?,
                (None, Some(row)) => row.parent(),
                (None, None) => {
                    return Err(at(format!("next, or a row with the number {}", chain.tail)));
                }
            };
            status.subchains.push(Subchain { head: chain.head, tail: chain.tail, next });
        }
        let json = described.then(|| status.to_json(profile));
        Ok((rows, json))
    }

    pub(super) fn store(
        &self,
        shape: Option<&StoredShape>,
        profile: Profile,
    ) -> Result<Store, String> {
        let (rows, json) = self.stored(shape, profile)?;
        Ok(Store::new(&rows, json))
    }

    /// Subchains as a case names them.
    pub(super) fn subchains(&self, status: &Status) -> Vec<SubchainShape> {
        let name = |chain: &Subchain| SubchainShape {
            head: chain.head,
            tail: chain.tail,
            next: Some(self.label(&chain.next)),
        };
        status.subchains.iter().map(name).collect()
    }

    /// The rows of a store, the highest first.
    pub(super) fn rows(&self, store: &Store) -> Labels {
        let mut rows: Vec<Label> = store.rows().map(|row| self.label(&row.hash())).collect();
        rows.reverse();
        rows.into_iter().collect()
    }
}
