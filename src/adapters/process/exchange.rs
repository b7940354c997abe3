use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::time::timeout;

use super::lines::{LineError, Lines};
use super::stop::StopFlag;

/// How long the output of a dead process is read.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(50);

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody ended the search.
    Interrupted,
    Line(LineError),
    /// The child is gone, but a process that it started holds its output open.
    Orphaned,
    TimedOut(Duration),
}

/// One request and its answer within a time-out, unless `stop` is set before. `exited` ends when the
/// child has exited, which a closed pipe does not always show.
pub(super) async fn exchange<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    lines: &mut Lines<R, W>,
    exited: impl Future<Output = ()>,
    request: &[u8],
    limit: Duration,
    stop: &StopFlag,
) -> Result<Range<usize>, Failure> {
    let answered = async {
        let mut exchange = std::pin::pin!(lines.exchange(request));
        select! {
            biased;
            place = &mut exchange => return place.map_err(Failure::Line),
            () = exited => {}
            () = stop.set() => return Err(Failure::Interrupted),
        }
        // What it wrote before it died is in the pipe; more will not come.
        match timeout(LAST_WORDS, exchange).await {
            Ok(place) => place.map_err(Failure::Line),
            Err(_) => Err(Failure::Orphaned),
        }
    };
    timeout(limit, answered).await.unwrap_or(Err(Failure::TimedOut(limit)))
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use tokio::io::{ReadHalf, WriteHalf};
    use tokio::time::Instant;
    use tokio_test::io::{Builder, Mock};

    use super::super::lines::Progress;
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn lines(mock: &mut Builder) -> Lines<ReadHalf<Mock>, WriteHalf<Mock>> {
        let (reader, writer) = tokio::io::split(mock.build());
        Lines::new(reader, writer, 100)
    }

    #[tokio::test(start_paused = true)]
    async fn lines_are_joined_from_pieces() {
        let mut lines = lines(
            Builder::new()
                .write(b"one\n")
                .read(b"fi")
                .read(b"rst\n")
                .write(b"two\n")
                .read(b"second\n"),
        );
        let place =
            exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default()).await.unwrap();
        assert_eq!(lines.line(place), b"first");
        let place =
            exchange(&mut lines, pending(), b"two\n", LIMIT, &StopFlag::default()).await.unwrap();
        assert_eq!(lines.line(place), b"second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_is_a_time_out() {
        let mut lines = lines(Builder::new().write(b"one\n").read(b"half").wait(2 * LIMIT));
        let began = Instant::now();
        let failure = exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default())
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(LIMIT)), "{failure:?}");
        assert_eq!(began.elapsed(), LIMIT);
        assert_eq!(lines.unread(), b"half");
        assert_eq!(lines.progress(), Progress::Written);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_when_the_search_is_ended() {
        let mut lines = lines(Builder::new().write(b"one\n").wait(2 * LIMIT));
        let stop = StopFlag::new(Arc::new(AtomicBool::new(true)));
        let began = Instant::now();
        let failure = exchange(&mut lines, pending(), b"one\n", LIMIT, &stop).await.unwrap_err();
        assert!(matches!(failure, Failure::Interrupted), "{failure:?}");
        assert!(began.elapsed() < Duration::from_millis(200));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_time_is_taken() {
        let nearly = LIMIT - Duration::from_millis(1);
        let mut lines = lines(Builder::new().write(b"one\n").wait(nearly).read(b"done\n"));
        let place =
            exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default()).await.unwrap();
        assert_eq!(lines.line(place), b"done");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_not_read_is_a_time_out() {
        let mut lines = lines(Builder::new().write(b"on").wait(2 * LIMIT));
        let failure = exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default())
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(LIMIT)), "{failure:?}");
        assert_eq!(lines.progress(), Progress::Writing);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_line_is_unasked() {
        let mut lines = lines(Builder::new().write(b"one\n").read(b"done\nmore\n"));
        exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default()).await.unwrap();
        let failure = exchange(&mut lines, pending(), b"two\n", LIMIT, &StopFlag::default())
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Line(LineError::Unasked)), "{failure:?}");
        assert_eq!(lines.unread(), b"more\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_without_an_end_is_cut() {
        let mut mock = Builder::new();
        mock.write(b"one\n");
        for _ in 0..3 {
            mock.read(&[b'x'; 40]);
        }
        let mut lines = lines(&mut mock);
        let failure = exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default())
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Line(LineError::TooLong)), "{failure:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_output_is_noticed_at_once() {
        let mut lines = lines(Builder::new().write(b"one\n").read(b"half"));
        let failure = exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default())
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Line(LineError::Closed)), "{failure:?}");
        assert_eq!(lines.unread(), b"half");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_words_of_a_dead_child_are_read() {
        let mut lines = lines(Builder::new().write(b"one\n").wait(LAST_WORDS / 2).read(b"bye\n"));
        let place =
            exchange(&mut lines, ready(()), b"one\n", LIMIT, &StopFlag::default()).await.unwrap();
        assert_eq!(lines.line(place), b"bye");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_child_whose_output_stays_open_is_not_waited_for() {
        let mut lines = lines(Builder::new().write(b"one\n").wait(LIMIT));
        let began = Instant::now();
        let failure = exchange(&mut lines, ready(()), b"one\n", LIMIT, &StopFlag::default())
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Orphaned), "{failure:?}");
        assert_eq!(began.elapsed(), LAST_WORDS);
    }

    #[tokio::test(start_paused = true)]
    async fn last_words_are_read_although_the_input_is_closed() {
        let refused = io::Error::from(io::ErrorKind::BrokenPipe);
        let mut lines = lines(Builder::new().write_error(refused).read(b"usage: x\n"));
        let place =
            exchange(&mut lines, pending(), b"one\n", LIMIT, &StopFlag::default()).await.unwrap();
        assert_eq!(lines.line(place), b"usage: x");
        assert_eq!(lines.progress(), Progress::Refused);
    }
}
