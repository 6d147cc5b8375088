//! From encoded files to pictures: JPEG, PNG, WebP, BMP, GIF, TIFF and the PNM family, told by their content, not by their names.
//!
//! Of an animation, and of a file of several pages, the first picture counts.
//! Grey becomes three equal channels; alpha is left out (the colour below it stays, as PIL's `convert("RGB")`); 16-bit channels are
//! rounded to 8; the EXIF orientation is applied. A JPEG that ends before its end marker is corrupt, not half grey. What a file says beside
//! its pixels (profiles of colour, texts) is not unpacked.

use super::{DataError, ImageSource, image::Image, probe::Digest};
use crate::regular::Whole;
use ::image::metadata::Orientation;
use ::image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Cursor};
use std::path::Path;

/// File name endings of images, in small letters.
pub const EXTENSIONS: [&str; 14] = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"];

/// Raised when a decoder gives other pixels, or takes other files for corrupt, than before.
pub const VERSION: u32 = 2;

/// What is decoded.
const FORMATS: [ImageFormat; 7] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff, ImageFormat::Pnm];

/// Their names, for messages.
const NAMES: &str = "JPEG, PNG, WebP, BMP, GIF, TIFF, PNM";

/// Reading a picture takes at most so many MiB, whatever its header says.
const MOST: u64 = 512;

/// Decodes an image. `name` stands in errors.
pub fn decode(bytes: &[u8], name: &str) -> Result<Image, DataError> {
    let corrupt = |why: String| DataError::Corrupt { image: name.to_owned(), why };
    let format = format_of(bytes).map_err(corrupt)?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(corrupt("the JPEG ends too early".to_owned()));
    }
    let bytes = without_extras(bytes, format);
    let (mut decoder, orientation) = decoder(&bytes, format).map_err(corrupt)?;
    decoder.set_limits(::image::Limits::default()).map_err(|error| corrupt(why(format, &error)))?;
    let takes = memory(&decoder, orientation).div_ceil(1 << 20);
    if takes > MOST {
        let (width, height) = decoder.dimensions();
        return Err(corrupt(format!(
            "it says that it is {width}x{height}, and reading that takes {takes} MiB; a picture may take {MOST} MiB"
        )));
    }
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| corrupt(why(format, &error)))?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    let (width, height) = picture.dimensions();
    Image::new(width, height, picture.into_raw()).ok_or_else(|| corrupt("the image is empty".to_owned()))
}

/// Width and height in pixels as [`decode`] will give them, from the header alone; `None` if it is no readable image.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let format = format_of(bytes).ok()?;
    let bytes = without_extras(bytes, format);
    let (decoder, orientation) = decoder(&bytes, format).ok()?;
    let (width, height) = decoder.dimensions();
    Some(if turns(orientation) { (height, width) } else { (width, height) })
}

/// Reads and decodes, or draws, the image of a source. A file whose digest is known must have it.
pub fn open(source: &ImageSource, known: Option<Digest>) -> Result<Image, DataError> {
    match source {
        ImageSource::File { root, file } => {
            let path = root.join(file.as_ref());
            let bytes = read(&path)?;
            if known.is_some_and(|known| known != Digest::of(&bytes)) {
                return Err(DataError::Changed { path });
            }
            decode(&bytes, &path.display().to_string())
        }
        ImageSource::Rendered { set, index } => set.render(*index as usize),
    }
}

/// Whether a file that begins so is a picture, one that ddl reads or another.
pub fn is_picture(head: &[u8]) -> bool {
    ::image::guess_format(head).is_ok()
}

/// All bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    crate::regular::read(path, Whole::Image).map_err(|error| DataError::Unreadable { path: path.to_owned(), why: error.to_string() })
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat, String> {
    let format = ::image::guess_format(bytes).map_err(|_| format!("not an image that ddl knows ({NAMES})"))?;
    if FORMATS.contains(&format) { Ok(format) } else { Err(format!("{} is not a format that ddl reads ({NAMES})", format.to_mime_type())) }
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<(impl ImageDecoder, Orientation), String> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(|error| why(format, &error))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms); // damaged metadata is no reason to refuse the pixels
    Ok((decoder, orientation))
}

/// Whether height and width change places.
fn turns(orientation: Orientation) -> bool {
    match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => true,
        Orientation::NoTransforms | Orientation::Rotate180 | Orientation::FlipHorizontal | Orientation::FlipVertical => false,
    }
}

/// Bytes of pixels that are there at once: those of the file and those they become, where the file's are in another form or lie otherwise.
fn memory(decoder: &impl ImageDecoder, orientation: Orientation) -> u64 {
    let (width, height) = decoder.dimensions();
    let (theirs, ours) = (decoder.total_bytes(), u64::from(width).saturating_mul(u64::from(height)).saturating_mul(3));
    let turned = if turns(orientation) { theirs } else { 0 };
    let changed = if decoder.color_type() == ColorType::Rgb8 { 0 } else { ours };
    theirs.saturating_add(turned.max(changed)) // the first is gone when the third is made
}

/// A file without what would be unpacked beside its pixels: of all formats, PNG alone packs such. A profile of colour that is as long as
/// anybody likes takes a thousandth of that in the file.
fn without_extras(bytes: &[u8], format: ImageFormat) -> Cow<'_, [u8]> {
    const SIGNATURE: usize = 8;
    const AROUND: usize = 12; // a chunk's length and name before what it says, and a checksum behind it
    if format != ImageFormat::Png {
        return Cow::Borrowed(bytes);
    }
    let (mut kept, mut from, mut at) = (Vec::new(), 0, SIGNATURE);
    while let Some([a, b, c, d, name @ ..]) = bytes.get(at..at + 8) {
        let end = (u32::from_be_bytes([*a, *b, *c, *d]) as usize).saturating_add(at + AROUND).min(bytes.len());
        if [b"iCCP", b"tEXt", b"zTXt", b"iTXt"].iter().any(|extra| name == *extra) {
            kept.extend_from_slice(&bytes[from..at]);
            from = end;
        }
        at = end;
    }
    if from == 0 {
        return Cow::Borrowed(bytes);
    }
    kept.extend_from_slice(&bytes[from..]);
    Cow::Owned(kept)
}

/// What a decoder's error means for whoever has the file.
fn why(format: ImageFormat, error: &ImageError) -> String {
    let (mut cause, mut ended) = (Some(error as &(dyn Error + 'static)), false);
    while let Some(it) = cause {
        ended |= it.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof);
        cause = it.source();
    }
    let name = name(format);
    match error {
        _ if ended => format!("the {name} file is cut off"),
        ImageError::Limits(_) => format!("reading this {name} file takes too much memory"),
        ImageError::Unsupported(_) => format!("this kind of {name} file is not read"),
        ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) | ImageError::IoError(_) => {
            format!("the data of the {name} file is damaged")
        }
    }
}

/// What people call a format.
fn name(format: ImageFormat) -> &'static str {
    FORMATS.iter().position(|known| *known == format).and_then(|at| NAMES.split(", ").nth(at)).unwrap_or("picture")
}

/// Whether the end marker follows the start of the first scan. Inside a scan `FF D9` can be nothing else; before it, an embedded
/// thumbnail may hold one.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2; // after the start marker
    loop {
        match bytes.get(at..at + 4) {
            Some([0xFF, 0xFF, _, _]) => at += 1, // fill byte
            Some([0xFF, 0xDA, _, _]) => return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]),
            Some([0xFF, 0x01 | 0xD0..=0xD7, _, _]) => at += 2, // markers without a length
            Some([0xFF, _, high, low]) => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            Some(_) => at += 1, // stray byte between segments, as decoders skip it
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::codecs::{
        bmp::BmpEncoder, gif::GifEncoder, jpeg::JpegEncoder, png::PngEncoder, pnm::PnmEncoder, tiff::TiffEncoder, webp::WebPEncoder,
    };
    use ::image::{ExtendedColorType, ImageEncoder};
    use proptest::prelude::*;

    fn picture() -> Image {
        Image::from_fn(9, 7, |x, y| [(x * 28) as u8, (y * 36) as u8, 128])
    }

    fn encode(image: &Image, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (width, height, rgb) = (image.width(), image.height(), ExtendedColorType::Rgb8);
        match format {
            ImageFormat::Png => PngEncoder::new(&mut bytes).write_image(image.pixels(), width, height, rgb),
            ImageFormat::WebP => WebPEncoder::new_lossless(&mut bytes).write_image(image.pixels(), width, height, rgb),
            ImageFormat::Bmp => BmpEncoder::new(&mut bytes).write_image(image.pixels(), width, height, rgb),
            ImageFormat::Pnm => PnmEncoder::new(&mut bytes).write_image(image.pixels(), width, height, rgb),
            ImageFormat::Gif => GifEncoder::new(&mut bytes).encode(image.pixels(), width, height, rgb),
            ImageFormat::Tiff => {
                let mut file = Cursor::new(Vec::new());
                let written = TiffEncoder::new(&mut file).write_image(image.pixels(), width, height, rgb);
                bytes = file.into_inner();
                written
            }
            _ => JpegEncoder::new_with_quality(&mut bytes, 100).write_image(image.pixels(), width, height, rgb),
        }
        .unwrap();
        bytes
    }

    #[test]
    fn every_format_is_told_by_its_content() {
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff, ImageFormat::Pnm] {
            let bytes = encode(&picture(), format);
            assert_eq!(decode(&bytes, "x.jpg").unwrap(), picture(), "{format:?}");
            assert_eq!(dimensions(&bytes), Some((9, 7)));
        }
        let jpeg = decode(&encode(&picture(), ImageFormat::Jpeg), "x.png").unwrap();
        let worst = jpeg.pixels().iter().zip(picture().pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 4, "{worst}");
    }

    #[test]
    fn grey_is_tripled_and_alpha_left_out() {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(&[7, 200], 2, 1, ExtendedColorType::L8).unwrap();
        assert_eq!(decode(&bytes, "grey").unwrap().pixels(), [7, 7, 7, 200, 200, 200]);
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(&[1, 2, 3, 0, 4, 5, 6, 255], 2, 1, ExtendedColorType::Rgba8).unwrap();
        assert_eq!(decode(&bytes, "alpha").unwrap().pixels(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn the_orientation_tag_is_obeyed() {
        // an APP1 segment with one EXIF entry: orientation 6 (turn right by 90 degrees)
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let bytes = encode(&picture(), ImageFormat::Jpeg);
        let turned = [&bytes[..2], exif, &bytes[2..]].concat();
        assert_eq!(dimensions(&turned), Some((7, 9)));
        let (turned, straight) = (decode(&turned, "x").unwrap(), decode(&bytes, "x").unwrap());
        assert_eq!(turned.pixel(0, 0), straight.pixel(0, 6));
        assert_eq!(turned.pixel(6, 8), straight.pixel(8, 0));
    }

    #[test]
    fn what_is_no_image_is_an_error_with_its_name() {
        let error = decode(b"hello, this is text", "a/b.jpg").unwrap_err();
        assert_eq!(error.to_string(), "a/b.jpg: not an image that ddl knows (JPEG, PNG, WebP, BMP, GIF, TIFF, PNM)");
        assert!(decode(b"", "empty.jpg").is_err());
        assert!(decode(b"GIF89a-------------", "a.gif").is_err());
        assert!(decode(b"DDS \0", "a.dds").unwrap_err().to_string().contains("is not a format that ddl reads"));
    }

    #[test]
    fn a_header_that_claims_a_picture_of_gigabytes_is_refused_before_anything_is_kept() {
        let error = decode(b"P6 100000 100000 255\n", "a.ppm").unwrap_err().to_string();
        assert_eq!(error, "a.ppm: it says that it is 100000x100000, and reading that takes 28611 MiB; a picture may take 512 MiB");
        // what it becomes counts: three bytes for each of grey beside the one that it has, and what is turned
        let png = |bytes: &[u8], colour| {
            let mut out = Vec::new();
            PngEncoder::new(&mut out).write_image(bytes, 2, 1, colour).unwrap();
            out
        };
        let takes = |bytes: &[u8], orientation| {
            let (decoder, _) = decoder(bytes, format_of(bytes).unwrap()).unwrap();
            memory(&decoder, orientation)
        };
        let (grey, rgb, rgba) =
            (png(&[0; 2], ExtendedColorType::L8), png(&[0; 6], ExtendedColorType::Rgb8), png(&[0; 16], ExtendedColorType::Rgba16));
        let straight = [&grey, &rgb, &rgba].map(|it| takes(it, Orientation::NoTransforms));
        let turned = [&grey, &rgb, &rgba].map(|it| takes(it, Orientation::Rotate90));
        assert_eq!((straight, turned), ([8, 6, 22], [8, 12, 32]));
    }

    /// A PNG with a chunk of this name behind its header.
    fn with_chunk(png: &[u8], name: [u8; 4], said: &[u8]) -> Vec<u8> {
        let checksum = [&name, said].concat().iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
        });
        let chunk = [&(said.len() as u32).to_be_bytes(), &name[..], said, &(!checksum).to_be_bytes()].concat();
        [&png[..33], &chunk, &png[33..]].concat()
    }

    #[test]
    fn what_stands_beside_the_pixels_is_not_unpacked() {
        let png = encode(&picture(), ImageFormat::Png);
        for name in [b"iCCP", b"tEXt", b"zTXt", b"iTXt"] {
            for said in [&b""[..], b"name\0\0packed", &[0; 10_000], &[b'a'; 10_000]] {
                let more = with_chunk(&png, *name, said);
                assert_eq!(without_extras(&more, ImageFormat::Png), png);
                assert_eq!(decode(&more, "x").unwrap(), picture());
                // one that is longer than the file
                let mut longer = more.clone();
                longer[33] = 0x7f;
                assert!(decode(&longer, "x").is_err());
            }
        }
        // which way is up stays
        let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        assert_eq!(dimensions(&with_chunk(&with_chunk(&png, *b"eXIf", exif), *b"iCCP", b"a\0\0b")), Some((7, 9)));
        for format in FORMATS {
            let bytes = encode(&picture(), format);
            assert!(matches!(without_extras(&bytes, format), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn what_a_decoder_says_is_said_in_our_words() {
        let ours = [
            "is cut off",
            "ends too early",
            "is damaged",
            "is not read",
            "takes too much memory",
            "may take 512 MiB",
            "is empty",
            "not an image",
        ];
        for format in FORMATS {
            let bytes = encode(&picture(), format);
            let spoiled = |at: usize, with: u8| {
                let mut bytes = bytes.clone();
                bytes[at] = with;
                bytes
            };
            let cut = (0..bytes.len()).map(|keep| bytes[..keep].to_vec());
            let others = (0..bytes.len().min(200)).flat_map(|at| [0, 1, 0x7f, 0xff].map(|with| spoiled(at, with)));
            for broken in cut.chain(others) {
                if let Err(error) = decode(&broken, "x") {
                    let said = error.to_string();
                    assert!(ours.iter().any(|words| said.contains(words)), "{format:?}: {said}");
                }
            }
            let said = decode(&bytes[..bytes.len() * 2 / 3], "x").unwrap_err().to_string();
            assert!(said.contains("cut off") || said.contains("ends too early") || said.contains("damaged"), "{format:?}: {said}");
        }
    }

    #[test]
    fn of_an_animation_the_first_picture_counts() {
        let mut bytes = Vec::new();
        let other = Image::from_fn(9, 7, |_, _| [9, 9, 9]);
        {
            let mut encoder = GifEncoder::new(&mut bytes);
            for image in [picture(), other] {
                encoder.encode(image.pixels(), 9, 7, ExtendedColorType::Rgb8).unwrap();
            }
        }
        assert_eq!(decode(&bytes, "a.gif").unwrap(), picture());
    }

    proptest! {
        #[test]
        fn a_truncated_file_is_never_half_an_image(cut in 0usize..100) {
            for format in FORMATS {
                let bytes = encode(&picture(), format);
                let keep = (bytes.len() - 1) * cut / 100;
                match decode(&bytes[..keep], "cut") { // a PNG whose end marker alone is cut still has all pixels
                    Ok(image) => prop_assert_eq!(image, decode(&bytes, "whole").unwrap(), "{:?} {} of {}", format, keep, bytes.len()),
                    Err(error) => prop_assert!(error.to_string().starts_with("cut: ")),
                }
            }
        }

        #[test]
        fn random_bytes_do_not_panic(head in 0usize..9, tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            let starts: [&[u8]; 9] = [
                b"\xff\xd8\xff\xe0",
                b"\x89PNG\r\n\x1a\n",
                b"RIFF\x30\x00\x00\x00WEBPVP8 ",
                b"BM",
                b"GIF89a\x09\x00\x07\x00",
                b"II*\0\x08\0\0\0",
                b"MM\0*\0\0\0\x08",
                b"P6 9 7 255\n",
                b"P3 9 7 255\n",
            ];
            let _ = decode(&[starts[head], &tail].concat(), "noise");
        }
    }
}
