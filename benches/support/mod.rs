//! The same sync by other means: two tasks of a plain tokio runtime, two hosts of turmoil.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bitcoin::consensus::{Decodable, encode};
use syncheck::families::Catalog;
use syncheck::families::headers_first::{
    Event, HeadersFirst, HonestPeer, Inventory, Message, PeerSpec, Place, World,
};
use syncheck::machine::{Dialer, Family, Input, Machine, Outbox, Output, PeerId, PeerModel, Time};
use syncheck::primitives::bitcoin::{Block, BlockHash, Header};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

const PEER: PeerId = PeerId(1);

fn honest_peer(world: &Arc<World>, blocks: u32) -> HonestPeer {
    HeadersFirst::peer(world, &PeerSpec::full(Place::main(blocks)))
}

/// Takes what the machine sends out of its outbox; says whether the tip has come.
fn sent(out: &mut Outbox<HeadersFirst>, blocks: u32, mut send: impl FnMut(Message)) -> bool {
    let mut done = false;
    for output in out.drain() {
        match output {
            Output::Send { message, .. } => send(message),
            Output::Event { event: Event::Tip { height, .. } } => done |= height == blocks,
            _ => {}
        }
    }
    done
}

/// Two tasks that send each other messages over channels; gives how many.
pub(crate) fn on_tokio(world: &Arc<World>, blocks: u32) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut peer = honest_peer(world, blocks);
    let mut machine = HeadersFirst::reference(&HeadersFirst::start(world));
    runtime.block_on(async move {
        let (to_peer, mut at_peer) = mpsc::unbounded_channel::<Message>();
        let (to_machine, mut at_machine) = mpsc::unbounded_channel::<Message>();
        let hello = peer.hello();
        let serving = tokio::spawn(async move {
            let mut replies = Vec::new();
            while let Some(message) = at_peer.recv().await {
                peer.receive(Time::ZERO, &message, &mut replies);
                for reply in replies.drain(..) {
                    let _ = to_machine.send(reply.message);
                }
            }
        });
        let mut out = Outbox::new();
        let mut messages = 0;
        machine.step(
            Time::ZERO,
            Input::Connected { peer: PEER, hello, dialer: Dialer::Subject },
            &mut out,
        );
        loop {
            let done = sent(&mut out, blocks, |message| {
                messages += 1;
                let _ = to_peer.send(message);
            });
            if done {
                break;
            }
            let message = at_machine.recv().await.expect("the peer answers");
            messages += 1;
            machine.step(Time::ZERO, Input::Message { peer: PEER, message }, &mut out);
        }
        drop(to_peer);
        serving.await.expect("the peer ends");
        messages
    })
}

/// Two hosts that send each other messages over a simulated TCP; gives how many.
pub(crate) fn on_turmoil(world: &Arc<World>, blocks: u32) -> u64 {
    let mut sim = turmoil::Builder::new()
        .min_message_latency(Duration::from_millis(50))
        .max_message_latency(Duration::from_millis(50))
        .tick_duration(Duration::from_millis(10))
        .simulation_duration(Duration::from_secs(3_600))
        .tcp_capacity(1 << 20)
        .build();
    let count = Arc::new(AtomicU64::new(0));
    let serving = Arc::clone(world);
    sim.host("server", move || {
        let mut peer = honest_peer(&serving, blocks);
        async move {
            let listener = turmoil::net::TcpListener::bind(("0.0.0.0", 18_444)).await?;
            let (stream, _) = listener.accept().await?;
            let (read, mut write) = stream.into_split();
            let mut read = BufReader::new(read);
            let mut replies = Vec::new();
            while let Ok(message) = read_message(&mut read).await {
                peer.receive(Time::ZERO, &message, &mut replies);
                for reply in replies.drain(..) {
                    write.write_all(&frame(&reply.message)).await?;
                }
            }
            Ok(())
        }
    });
    let hello = honest_peer(world, blocks).hello();
    let mut machine = HeadersFirst::reference(&HeadersFirst::start(world));
    let counted = Arc::clone(&count);
    sim.client("client", async move {
        let stream = turmoil::net::TcpStream::connect(("server", 18_444)).await?;
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let mut out = Outbox::new();
        machine.step(
            Time::ZERO,
            Input::Connected { peer: PEER, hello, dialer: Dialer::Subject },
            &mut out,
        );
        loop {
            let mut frames = Vec::new();
            let done = sent(&mut out, blocks, |message| frames.push(frame(&message)));
            for frame in frames {
                counted.fetch_add(1, Ordering::Relaxed);
                write.write_all(&frame).await?;
            }
            if done {
                return Ok(());
            }
            let message = read_message(&mut read).await?;
            counted.fetch_add(1, Ordering::Relaxed);
            machine.step(Time::ZERO, Input::Message { peer: PEER, message }, &mut out);
        }
    });
    sim.run().expect("the sync ends");
    count.load(Ordering::Relaxed)
}

/// A length, a kind, and the wire encoding of what the sync needs.
fn frame(message: &Message) -> Vec<u8> {
    let mut body = Vec::new();
    match message {
        Message::Block { block } => {
            body.push(0);
            body.extend(block.to_bytes());
        }
        Message::GetData { items } => {
            body.push(1);
            items.iter().for_each(|item| body.extend(item.hash.as_bytes()));
        }
        Message::GetHeaders { locator, stop } => {
            body.push(2);
            body.extend(stop.as_bytes());
            locator.iter().for_each(|hash| body.extend(hash.as_bytes()));
        }
        Message::Headers { headers } => {
            body.push(3);
            headers.iter().for_each(|header| body.extend(header.to_bytes()));
        }
        other => unreachable!("a sync of one chain has no {other:?}"),
    }
    let length = u32::try_from(body.len()).expect("messages are small");
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend(body);
    frame
}

async fn read_message(read: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Message> {
    let mut body = vec![0; read.read_u32_le().await? as usize];
    read.read_exact(&mut body).await?;
    let (kind, rest) = body.split_first().expect("a frame has a kind");
    let mut hashes = rest
        .chunks_exact(32)
        .map(|chunk| BlockHash::from_bytes(chunk.try_into().expect("the chunk has 32 bytes")));
    Ok(match kind {
        0 => {
            let block: bitcoin::Block = encode::deserialize(rest).expect("a block");
            Message::Block { block: Block::new(Header::new(block.header), block.txdata) }
        }
        1 => Message::GetData { items: hashes.map(Inventory::witness_block).collect() },
        2 => {
            let stop = hashes.next().expect("a stop hash");
            Message::GetHeaders { locator: hashes.collect(), stop }
        }
        _ => {
            let header = |mut chunk: &[u8]| {
                let fields = Decodable::consensus_decode(&mut chunk).expect("a header");
                Header::new(fields)
            };
            Message::Headers { headers: rest.chunks_exact(80).map(header).collect() }
        }
    })
}
