//! JPEG by libjpeg-turbo's decoder, which PIL, OpenCV and MXNet decode with: the slow integer transform and smooth chroma ("fancy
//! upsampling").
//!
//! It is C, built from source by the crate `mozjpeg` (a branch of libjpeg-turbo whose decoder is that one's). What is wrong in C unwinds to
//! [`guarded`] and is an error there. A warning of the library that pixels were made up is an error too: PIL shows them grey and says
//! nothing.

#![allow(clippy::cast_possible_truncation, reason = "sides of images, which are bounded before they are decoded")]

use super::{MOST, too_much, turns, upright};
use crate::image::Image;
use ::image::metadata::Orientation;
use ::image::{DynamicImage, RgbImage};
use mozjpeg::decompress::DecompressBuilder;
use mozjpeg::{ColorSpace, Decompress, Marker};
use mozjpeg_sys::{
    JERR_ARITH_NOTIMPL, JERR_BAD_PRECISION, JERR_CONVERSION_NOTIMPL, JERR_EMPTY_IMAGE, JERR_IMAGE_TOO_BIG, JERR_OUT_OF_MEMORY,
    JERR_SOF_UNSUPPORTED, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_JPEG_EOF, JWRN_MUST_RESYNC, jpeg_common_struct, jpeg_error_mgr,
};
use std::os::raw::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A picture that comes in more scans than this is refused: each may go over all of it, and take a few bytes in the file.
const SCANS: usize = 500;

/// So many pixels are gone over at most, those of all scans together: some seconds of work. A picture of 100 million in ten scans has half.
const PASSES: u64 = 2_000_000_000;

/// How much smaller a JPEG is decoded, from the coefficients of its blocks of 8 by 8 pixels alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Scale {
    /// As large as it is.
    #[default]
    Whole,
    /// Half as wide and high, rounded up.
    Half,
    /// A quarter as wide and high, rounded up.
    Quarter,
    /// An eighth as wide and high, rounded up: the means of the blocks.
    Eighth,
}

impl Scale {
    /// The smallest with no side shorter than is wanted, as PIL's `Image.draft` chooses: by whole numbers, how often what is wanted fits.
    pub(super) fn of((width, height): (u32, u32), wanted: (u32, u32)) -> Self {
        match (width / wanted.0.max(1)).min(height / wanted.1.max(1)) {
            0 | 1 => Scale::Whole,
            2 | 3 => Scale::Half,
            4..=7 => Scale::Quarter,
            8.. => Scale::Eighth,
        }
    }

    /// Eighths of the picture's sides.
    fn eighths(self) -> u8 {
        match self {
            Scale::Whole => 8,
            Scale::Half => 4,
            Scale::Quarter => 2,
            Scale::Eighth => 1,
        }
    }
}

/// A JPEG's pixels, the way up that it says.
pub(super) fn decode(bytes: &[u8], scale: Scale) -> Result<Image, String> {
    let outline = Outline::of(bytes);
    if !outline.whole {
        return Err("the JPEG ends too early".to_owned());
    }
    if outline.scans > SCANS {
        return Err(format!("the data of the JPEG file is damaged (it has more than {SCANS} scans)"));
    }
    guarded(|| {
        let mut file = open(bytes)?;
        let orientation = orientation(&file);
        let takes = memory(&file, orientation, outline.kept);
        if takes > MOST {
            return Err(too_much((file.width() as u32, file.height() as u32), takes));
        }
        let area = file.width() as u64 * file.height() as u64;
        if area.saturating_mul(outline.scans as u64) > PASSES {
            let (width, height, scans) = (file.width(), file.height(), outline.scans);
            return Err(format!("its {width} x {height} pixels come in {scans} scans, which are {PASSES} pixels or more to go over"));
        }
        file.scale(scale.eighths());
        let inks = match file.color_space() {
            ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => true,
            ColorSpace::JCS_GRAYSCALE | ColorSpace::JCS_YCbCr | ColorSpace::JCS_RGB => false,
            _ => return Err(NOT_READ.to_owned()),
        };
        let started = file.to_colorspace(if inks { ColorSpace::JCS_CMYK } else { ColorSpace::JCS_RGB });
        let mut started = started.map_err(|_| DAMAGED.to_owned())?;
        let (width, height) = (started.width() as u32, started.height() as u32);
        let pixels: Vec<u8> = started.read_scanlines().map_err(|_| DAMAGED.to_owned())?;
        let pixels = if inks { pixels.chunks_exact(4).flat_map(printed).collect() } else { pixels };
        let picture = RgbImage::from_raw(width, height, pixels).ok_or_else(|| DAMAGED.to_owned())?;
        upright(DynamicImage::from(picture), orientation)
    })
}

/// Width and height of what [`decode`] gives.
pub(super) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    guarded(|| {
        let file = open(bytes)?;
        let (width, height) = (file.width() as u32, file.height() as u32);
        Ok(if turns(orientation(&file)) { (height, width) } else { (width, height) })
    })
    .ok()
}

const DAMAGED: &str = "the data of the JPEG file is damaged";
const NOT_READ: &str = "this kind of JPEG file is not read";

/// The library with a file's header.
fn open(bytes: &[u8]) -> Result<Decompress<&[u8]>, String> {
    let file = DecompressBuilder::new().with_err(handlers()).with_markers(&[Marker::APP(1)]).from_mem(bytes);
    file.map_err(|_| DAMAGED.to_owned())
}

/// Which way up it is, by the first EXIF that it has; a damaged one is no reason to refuse the pixels.
fn orientation(file: &Decompress<&[u8]>) -> Orientation {
    let exif = file.markers().find_map(|marker| marker.data.strip_prefix(b"Exif\0\0"));
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// MiB that are there at once: coefficients of all blocks where a file comes in several scans, its pixels, and those that they become.
fn memory(file: &Decompress<&[u8]>, orientation: Orientation, kept: bool) -> u64 {
    let channels = file.components().len() as u64;
    let up = |side: usize| (side as u64).next_multiple_of(32); // blocks are whole, and so are groups of blocks of unlike sampling
    let area = file.width() as u64 * file.height() as u64;
    let coefficients = if kept { up(file.width()) * up(file.height()) * channels * 2 } else { 0 };
    let theirs = area * channels.max(3);
    let ours = if channels > 3 || turns(orientation) { area * 3 } else { 0 };
    (coefficients + theirs + ours).div_ceil(1 << 20)
}

/// Red, green and blue of four inks as Adobe writes them (255 is no ink), in PIL's whole numbers.
fn printed(inks: &[u8]) -> [u8; 3] {
    let [cyan, magenta, yellow, black] = [inks[0], inks[1], inks[2], inks[3]];
    [cyan, magenta, yellow].map(|ink| {
        let product = u32::from(255 - ink) * u32::from(black) + 128;
        black.saturating_sub((((product >> 8) + product) >> 8) as u8)
    })
}

/// What the library said when it gave up.
struct GaveUp(c_int);

/// What `decode` gives, or why the library gave up. It ends by unwinding, through C that is built for it; no hook of panics hears of it.
fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(ended) => ended,
        Err(other) => match other.downcast::<GaveUp>() {
            Ok(said) => Err(in_words(said.0)),
            Err(other) => resume_unwind(other),
        },
    }
}

fn in_words(code: c_int) -> String {
    match code {
        JERR_OUT_OF_MEMORY => "reading this JPEG file takes too much memory".to_owned(),
        JERR_EMPTY_IMAGE => "the image is empty".to_owned(),
        JERR_BAD_PRECISION => format!("{NOT_READ} (its channels have not 8 bits)"),
        JERR_SOF_UNSUPPORTED => format!("{NOT_READ} (it is lossless or hierarchical)"),
        JERR_ARITH_NOTIMPL | JERR_CONVERSION_NOTIMPL | JERR_IMAGE_TOO_BIG => NOT_READ.to_owned(),
        JWRN_JPEG_EOF => "the JPEG file is cut off".to_owned(),
        _ => DAMAGED.to_owned(),
    }
}

/// What the library calls when something is wrong, or worth a word.
fn handlers() -> jpeg_error_mgr {
    extern "C-unwind" fn error(about: &mut jpeg_common_struct) {
        give_up(code(about));
    }
    extern "C-unwind" fn message(about: &mut jpeg_common_struct, level: c_int) {
        const WARNING: c_int = -1;
        let code = code(about);
        // The rest of what it warns of (bytes between segments, odd numbers in headers) changes no pixel.
        if level == WARNING && matches!(code, JWRN_HIT_MARKER | JWRN_HUFF_BAD_CODE | JWRN_JPEG_EOF | JWRN_MUST_RESYNC) {
            give_up(code);
        }
    }
    extern "C-unwind" fn reset(_: &mut jpeg_common_struct) {}
    jpeg_error_mgr {
        error_exit: Some(error),
        emit_message: Some(message),
        output_message: None, // these two are for programs that print
        format_message: None,
        reset_error_mgr: Some(reset),
        msg_code: 0,
        msg_parm: mozjpeg_sys::msg_parm_union::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: std::ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: std::ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

fn code(about: &jpeg_common_struct) -> c_int {
    #[allow(unsafe_code)] // the library gives its handlers a pointer to where it wrote the code: what `handlers` made
    let said = unsafe { about.err.as_ref() };
    said.map_or(0, |it| it.msg_code)
}

fn give_up(code: c_int) -> ! {
    resume_unwind(Box::new(GaveUp(code)))
}

/// What is known of a file without decoding it.
#[derive(Debug, Default)]
struct Outline {
    /// Whether the end marker follows the start of the first scan.
    whole: bool,
    /// How many scans it has.
    scans: usize,
    /// Whether it is put together from several scans, so that all coefficients are kept until the last.
    kept: bool,
}

impl Outline {
    /// Inside a scan and behind it `FF D9` can be nothing but the end, and `FF DA` but the next scan; before the first, a thumbnail may
    /// hold them.
    fn of(bytes: &[u8]) -> Self {
        const END: u8 = 0xD9;
        const SCAN: u8 = 0xDA;
        let (mut at, mut channels, mut at_once) = (2, None, true); // after the start marker
        loop {
            match bytes.get(at..at + 4) {
                Some([0xFF, 0xFF, _, _]) => at += 1, // fill byte
                Some([0xFF, SCAN, _, _]) => {
                    let mut marks = bytes[at..].windows(2).filter(|pair| pair[0] == 0xFF).map(|pair| pair[1]);
                    let scans = marks.clone().take_while(|mark| *mark != END).filter(|mark| *mark == SCAN).count();
                    let kept = !at_once || bytes.get(at + 4).copied() != channels;
                    return Outline { whole: marks.any(|mark| mark == END), scans, kept };
                }
                Some([0xFF, 0x01 | 0xD0..=0xD7, _, _]) => at += 2, // markers without a length
                Some([0xFF, frame, high, low]) => {
                    if matches!(frame, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF) {
                        at_once &= matches!(frame, 0xC0 | 0xC1 | 0xC9); // baseline and sequential
                        channels = bytes.get(at + 9).copied();
                    }
                    at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
                }
                Some(_) => at += 1, // stray byte between segments, as decoders skip it
                None => return Outline::default(),
            }
        }
    }
}
