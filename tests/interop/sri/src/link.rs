//! One Noise connection, driven by the reference implementation's codec over a plain socket.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use key_utils::{Secp256k1PublicKey, Secp256k1SecretKey};
use stratum_core::codec_sv2::{
    Decrypted, Handshake, MessageFrame, NoiseDecoder, NoiseEncoder, SerializedFrame, Transport,
    TransportDecryptState, TransportEncryptState,
};
use stratum_core::common_messages_sv2::{
    Protocol, SetupConnectionErrorOwned, SetupConnectionOwned, SetupConnectionSuccess,
};
use stratum_core::noise_sv2::{
    Initiator, Responder, ELLSWIFT_ENCODING_SIZE, INITIATOR_EXPECTED_HANDSHAKE_MESSAGE_SIZE,
};
use stratum_core::parsers_sv2::{
    parse_message_frame_with_tlvs, AnyMessageOwned, CommonMessagesOwned, Tlv, TlvList,
};

use crate::report::{InWords, Outcome};

/// The peer gives up on whoever says nothing for so long.
const PATIENCE: Duration = Duration::from_secs(20);
const CERTIFICATE_VALIDITY: Duration = Duration::from_secs(3600);
pub const VERSION: u16 = 2;

pub struct Link {
    stream: TcpStream,
    encoder: NoiseEncoder,
    decoder: NoiseDecoder,
    encrypt: TransportEncryptState,
    decrypt: Option<TransportDecryptState>,
    /// Extension types agreed on: TLVs of others are not shown.
    pub extensions: Vec<u16>,
}

/// What a server says to SetupConnection.
pub type SetupAnswer = Result<SetupConnectionSuccess, SetupConnectionErrorOwned>;

impl Link {
    /// Connects and shakes hands; `authority_key` in base58check, as configs have it.
    pub fn connect(address: &str, authority_key: &str) -> Outcome<Link> {
        let key: Secp256k1PublicKey = authority_key.parse().in_words("authority key")?;
        let mut stream = TcpStream::connect(address).in_words(address)?;
        prepare(&stream)?;
        let initiator = Initiator::from_raw_k(key.into_bytes()).in_words("initiator")?;
        let (first, handshake) = Handshake::initiator(initiator).step_0().in_words("act 1")?;
        stream.write_all(first.payload()).in_words("act 1")?;
        let mut second = [0; INITIATOR_EXPECTED_HANDSHAKE_MESSAGE_SIZE];
        stream.read_exact(&mut second).in_words("act 2")?;
        let transport = handshake.step_2(second).in_words("act 2")?;
        Ok(Link::new(stream, transport))
    }

    /// Waits for a client and shakes hands with it; keys in base58check.
    pub fn accept(listener: &TcpListener, public_key: &str, secret_key: &str) -> Outcome<Link> {
        let public_key: Secp256k1PublicKey = public_key.parse().in_words("public key")?;
        let secret_key: Secp256k1SecretKey = secret_key.parse().in_words("secret key")?;
        let (mut stream, _) = listener.accept().in_words("accept")?;
        prepare(&stream)?;
        let responder = Responder::from_authority_kp(
            &public_key.into_bytes(),
            &secret_key.into_bytes(),
            CERTIFICATE_VALIDITY,
        )
        .in_words("responder")?;
        let mut first = [0; ELLSWIFT_ENCODING_SIZE];
        stream.read_exact(&mut first).in_words("act 1")?;
        let (second, transport) = Handshake::responder(responder).step_1(first).in_words("act 2")?;
        stream.write_all(second.payload()).in_words("act 2")?;
        Ok(Link::new(stream, transport))
    }

    /// For who has reason to be silent for longer.
    pub fn set_patience(&self, patience: Duration) -> Outcome<()> {
        self.stream.set_read_timeout(Some(patience)).in_words("timeout")
    }

    fn new(stream: TcpStream, transport: Transport) -> Link {
        let (encrypt, decrypt) = transport.split();
        Link {
            stream,
            encoder: NoiseEncoder::new(),
            decoder: NoiseDecoder::new(),
            encrypt,
            decrypt: Some(decrypt),
            extensions: Vec::new(),
        }
    }

    pub fn send(&mut self, message: AnyMessageOwned) -> Outcome<()> {
        let frame = MessageFrame::try_from(message).in_words("frame")?;
        let bytes = self.encoder.encode_transport(frame, &mut self.encrypt).in_words("encode")?;
        self.stream.write_all(bytes.as_ref()).in_words("send")
    }

    /// Sends a message with TLVs after its last field.
    pub fn send_with(&mut self, message: AnyMessageOwned, tlvs: &[Tlv]) -> Outcome<()> {
        let list = TlvList::from_slice(tlvs).in_words("TLVs")?;
        let plain = list.build_frame_bytes_with_tlvs(message).in_words("frame")?;
        let frame = SerializedFrame::from_bytes(plain).in_words("frame")?;
        let bytes = self.encoder.encode_transport(frame, &mut self.encrypt).in_words("encode")?;
        self.stream.write_all(bytes.as_ref()).in_words("send")
    }

    /// The next message, with the TLVs of negotiated extensions.
    pub fn receive(&mut self) -> Outcome<(AnyMessageOwned, Vec<Tlv>)> {
        loop {
            self.stream.read_exact(self.decoder.writable()).in_words("nothing more came")?;
            let state = self.decrypt.take().ok_or("the connection is broken")?;
            match self.decoder.next_transport_frame(state).in_words("decode")? {
                Decrypted::Incomplete(_, state) => self.decrypt = Some(state),
                Decrypted::Frame(mut frame, state) => {
                    self.decrypt = Some(state);
                    let header = frame.header();
                    let (message, tlvs) =
                        parse_message_frame_with_tlvs(header, frame.payload(), &self.extensions)
                            .in_words("parse")?;
                    return Ok((message.into_owned(), tlvs.unwrap_or_default()));
                }
            }
        }
    }

    /// Sends SetupConnection and waits for its answer.
    pub fn setup(&mut self, protocol: Protocol, version: u16, flags: u32) -> Outcome<SetupAnswer> {
        self.send(AnyMessageOwned::Common(CommonMessagesOwned::SetupConnection(SetupConnectionOwned {
            protocol,
            min_version: version,
            max_version: version,
            flags,
            endpoint_host: text("127.0.0.1")?,
            endpoint_port: 0,
            vendor: text("sri-peer")?,
            hardware_version: text("")?,
            firmware: text("")?,
            device_id: text("interop")?,
        })))?;
        match self.receive()?.0 {
            AnyMessageOwned::Common(CommonMessagesOwned::SetupConnectionSuccess(answer)) => Ok(Ok(answer)),
            AnyMessageOwned::Common(CommonMessagesOwned::SetupConnectionError(answer)) => Ok(Err(answer)),
            other => Err(format!("instead of an answer to SetupConnection: {other}")),
        }
    }

    /// Sets up, expecting to be let in; gives the server's flags.
    pub fn set_up(&mut self, protocol: Protocol, flags: u32) -> Outcome<u32> {
        let answer = self
            .setup(protocol, VERSION, flags)?
            .map_err(|error| format!("refused: {}", error.error_code.as_utf8_or_hex()))?;
        if answer.used_version != VERSION {
            return Err(format!("version {} is used", answer.used_version));
        }
        Ok(answer.flags)
    }
}

/// A string of the protocol.
pub fn text<'a, T: TryFrom<&'a str>>(value: &'a str) -> Outcome<T> {
    value.try_into().map_err(|_| format!("{value}: too long"))
}

fn prepare(stream: &TcpStream) -> Outcome<()> {
    stream.set_read_timeout(Some(PATIENCE)).in_words("timeout")?;
    stream.set_write_timeout(Some(PATIENCE)).in_words("timeout")?;
    stream.set_nodelay(true).in_words("no delay")
}
