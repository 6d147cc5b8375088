//! Tells how far work is that libraries count and that has no events of its own: data that is looked at, digests, class means.

use ddl::events::{Event, Sink};
use ddl::meter::{Progress, going_on};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often it is told, and how long work must go on before it is.
const PAUSE: Duration = Duration::from_secs(1);

/// Does something and meanwhile tells how far it is.
pub fn reporting<T>(events: &dyn Sink, run: impl FnOnce() -> T) -> T {
    let (going, ended) = channel();
    thread::scope(|scope| {
        scope.spawn(move || report(events, &ended));
        let going = going; // goes with this closure, however it ends
        let it = run();
        drop(going);
        it
    })
}

fn report(events: &dyn Sink, ended: &Receiver<()>) {
    let mut reported: Vec<Progress> = Vec::new();
    loop {
        let over = ended.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout);
        let mut now = going_on();
        now.retain(|work| !over && work.seconds >= PAUSE.as_secs_f64());
        for gone in reported.iter().filter(|work| !now.iter().any(|it| it.what == work.what)) {
            events.emit(Event::metered(&Progress { done: gone.of.max(gone.done), ..gone.clone() }));
        }
        now.iter().for_each(|work| events.emit(Event::metered(work)));
        if over {
            return;
        }
        reported = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ddl::events::Collected;

    #[test]
    fn work_that_takes_long_is_told_to_its_end() {
        let events = Collected::default();
        reporting(&events, || {
            let work = ddl::meter::begin("a test that counts", "things", 4);
            work.add(1);
            while events.events().is_empty() {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let of = |event: &Event| match event {
            Event::Progress { node, done, of, .. } if node == "a test that counts" => Some((*done, *of)),
            _ => None,
        };
        let told: Vec<(u64, u64)> = events.events().iter().filter_map(of).collect();
        assert_eq!((told.first(), told.last()), (Some(&(1, 4)), Some(&(4, 4))));
    }
}
