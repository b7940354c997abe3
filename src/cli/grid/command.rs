use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::output::{Output, refuse};
use crate::cli::report::read;
use crate::cli::reports::write;
use crate::cli::signals::stop_flag;
use crate::families::FamilyId;
use crate::reports::{Grid, grid_html, grid_text};
use crate::vectors::{SubjectEntry, SubjectList};

use super::arguments::{GridArguments, Target};
use super::endings::Compare;
use super::searches::{Searched, search_all};

/// Puts several subjects side by side.
pub(in crate::cli) fn grid(arguments: &GridArguments) -> Exit {
    match try_grid(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_grid(arguments: &GridArguments) -> Result<Exit, Exit> {
    let stop = stop_flag();
    let subjects = subjects(arguments)?;
    let Searched { mut records, failed } = search_all(arguments, &subjects, &stop)?;
    for named in &arguments.from {
        records.push((named.name.clone(), read(&named.path)?));
    }
    let mut grid = Grid::of(&records).map_err(|message| refuse(Exit::Usage, message))?;
    compare(arguments, &subjects, &mut grid, &stop)?;
    show(arguments, &grid)?;
    Ok(if stop.load(std::sync::atomic::Ordering::Relaxed) && !grid.is_broken() {
        Exit::Interrupted
    } else if grid.is_broken() {
        Exit::Finding
    } else if !failed.is_empty() {
        Exit::SubjectFailed
    } else {
        Exit::Pass
    })
}

/// The subjects that are searched now.
fn subjects(arguments: &GridArguments) -> Result<Vec<SubjectEntry>, Exit> {
    let Some(path) = &arguments.subjects else { return Ok(Vec::new()) };
    let list = SubjectList::open(path).map_err(|error| refuse(Exit::Usage, error))?;
    let known = |name: &String| list.subjects.iter().any(|subject| subject.name == *name);
    if let Some(name) = arguments.only.iter().find(|name| !known(name)) {
        let message = format!("--only {name}: {} has no such subject", path.display());
        return Err(refuse(Exit::Usage, message));
    }
    let is_asked = |subject: &SubjectEntry| {
        arguments.only.is_empty() || arguments.only.contains(&subject.name)
    };
    Ok(list.subjects.into_iter().filter(is_asked).collect())
}

fn compare(
    arguments: &GridArguments,
    subjects: &[SubjectEntry],
    grid: &mut Grid,
    stop: &std::sync::atomic::AtomicBool,
) -> Result<(), Exit> {
    if arguments.compare == 0 {
        return Ok(());
    }
    let sections: Vec<(String, String)> =
        grid.sections.iter().map(|it| (it.family.clone(), it.profile.clone())).collect();
    for (index, (family, profile)) in sections.into_iter().enumerate() {
        let columns = &grid.sections[index].columns;
        let is_here = |subject: &&SubjectEntry| columns.iter().any(|it| it.subject == subject.name);
        let here: Vec<&SubjectEntry> = subjects.iter().filter(is_here).collect();
        let Ok(id) = family.parse::<FamilyId>() else { continue };
        if here.len() < 2 {
            continue;
        }
        let work = Compare { arguments, profile: &profile, subjects: here, stop };
        let (compared, split) = id.visit(work)?;
        grid.compare(&family, &profile, compared, split);
    }
    Ok(())
}

fn show(arguments: &GridArguments, grid: &Grid) -> Result<(), Exit> {
    let json = || serde_json::to_string(grid).expect("grids have string keys and no fractions");
    let mut out = Output::new(arguments.format);
    match arguments.format {
        Format::Text => out.text(grid_text(grid)),
        Format::Json => out.line(json),
    }
    for target in &arguments.reports {
        match target {
            Target::Html(path) => write(path, &grid_html(grid))?,
            Target::Json(path) => write(path, &format!("{}\n", json()))?,
        }
    }
    Ok(())
}
