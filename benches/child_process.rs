//! Round trips to a compiled child process, and the same machine in this process.
//!
//! A lone pair of processes on an idle machine mostly measures how long a sleeping core takes to
//! wake up. `taskset -c 0 cargo bench --bench child_process` gives the cost on one core, which is
//! also what each of several workers sees when all cores are busy.

use std::env;
use std::io;
use std::process::ExitCode;

use criterion::{BatchSize, Criterion, Throughput};
use syncheck::adapters::{About, ChildProcess, InProcess, Options, serve};
use syncheck::machine::{self, Input, Outbox, PeerId, Subject, Time};

#[path = "../src/adapters/toy.rs"]
mod toy;

use toy::{Counter, Start, Toy};

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("child") {
        let about = About::machine::<Toy>("counter", "1", &[]);
        let served = serve::<Toy>(Counter::boxed, about, io::stdin().lock(), io::stdout().lock());
        return served.map_or_else(|_| ExitCode::from(2), |()| ExitCode::SUCCESS);
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("deliver");
    group.throughput(Throughput::Elements(1));
    let program = env::current_exe().expect("a running program has a file");
    let command = vec![program.into_os_string(), "child".into()];
    let child = ChildProcess::<Toy>::spawn(command, Options::default());
    let mut child = child.expect("this program is a subject");
    group.bench_function("child process", |bencher| deliver(bencher, &mut child));
    let mut machine = InProcess::<Toy>::new(Counter::boxed);
    group.bench_function("in process", |bencher| deliver(bencher, &mut machine));
    group.finish();
    criterion.final_summary();
    ExitCode::SUCCESS
}

fn deliver(bencher: &mut criterion::Bencher<'_>, subject: &mut dyn Subject<Toy>) {
    let mut out = Outbox::new();
    subject.begin(&Start { delay_ms: 10 }, &mut out).expect("the machine runs all cases");
    let input = || Input::Message { peer: PeerId(1), message: 1 };
    let step = |input| {
        subject.deliver(Time::ZERO, input, &mut out).expect("the machine takes all inputs");
        out.drain().len()
    };
    bencher.iter_batched(input, step, BatchSize::SmallInput);
}
