//! From encoded files to pictures: JPEG, PNG, WebP, BMP, GIF, TIFF and the PNM family, told by their content, not by their names.
//!
//! Of an animation, and of a file of several pages, the first picture counts.
//! Grey becomes three equal channels; alpha is left out (the colour below it stays, as PIL's `convert("RGB")`); 16-bit channels are
//! rounded to 8; the EXIF orientation is applied. What a file says beside its pixels (profiles of colour, texts) is not unpacked.
//!
//! The pixels of a JPEG are libjpeg-turbo's to the bit, and so those of PIL, OpenCV and MXNet ([`Scale`]); four inks become colours as
//! PIL's `convert("RGB")` makes them. One that ends before its end marker, or whose data is damaged, is corrupt, not half grey.

#![allow(clippy::cast_possible_truncation, reason = "sides of images, which are bounded before they are decoded")]

mod jpeg;

pub use jpeg::Scale;

use super::{DataError, image::Image};
use ::image::metadata::Orientation;
use ::image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use ddl_base::regular::Whole;
use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Cursor};
use std::path::Path;

/// File name endings of images, in small letters.
pub const EXTENSIONS: [&str; 14] = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"];

/// Raised when a decoder gives other pixels, or takes other files for corrupt, than before.
pub const VERSION: u32 = 4;

/// What its fourth version changed, as operators say it whose numbers depend on it.
pub const FOURTH: &str =
    "the pixels of a JPEG are libjpeg-turbo's, which PIL, OpenCV and MXNet decode with, and one with damaged data is corrupt";

/// What is decoded.
const FORMATS: [ImageFormat; 7] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff, ImageFormat::Pnm];

/// Their names, for messages.
const NAMES: &str = "JPEG, PNG, WebP, BMP, GIF, TIFF, PNM";

/// Which TIFFs are read, for messages.
const OF_TIFF: &str = "grey and RGB of 8 or 16 bits and CMYK are, a palette is not: write it as PNG";

/// Reading a picture takes at most so many MiB, whatever its header says.
const MOST: u64 = 512;

/// Decodes an image. `name` stands in errors.
pub fn decode(bytes: &[u8], name: &str) -> Result<Image, DataError> {
    decode_scaled(bytes, name, Scale::Whole)
}

/// Decodes an image, and a JPEG at a part of its size.
pub fn decode_scaled(bytes: &[u8], name: &str, scale: Scale) -> Result<Image, DataError> {
    let corrupt = |why: String| DataError::Corrupt { image: name.to_owned(), why };
    let format = format_of(bytes).map_err(corrupt)?;
    if format == ImageFormat::Jpeg {
        return jpeg::decode(bytes, scale).map_err(corrupt);
    }
    let bytes = without_extras(bytes, format);
    let (mut decoder, orientation) = decoder(&bytes, format).map_err(corrupt)?;
    decoder.set_limits(::image::Limits::default()).map_err(|error| corrupt(why(format, &error)))?;
    let takes = memory(&decoder, orientation).div_ceil(1 << 20);
    if takes > MOST {
        return Err(corrupt(too_much(decoder.dimensions(), takes)));
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| corrupt(why(format, &error)))?;
    upright(picture, orientation).map_err(corrupt)
}

/// A picture the way up that it says.
fn upright(mut picture: DynamicImage, orientation: Orientation) -> Result<Image, String> {
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    let (width, height) = picture.dimensions();
    Image::new(width, height, picture.into_raw()).ok_or_else(|| "the image is empty".to_owned())
}

fn too_much((width, height): (u32, u32), takes: u64) -> String {
    format!("it says that it is {width}x{height}, and reading that takes {takes} MiB; a picture may take {MOST} MiB")
}

/// Decodes an image for somebody who wants it at a size: a JPEG at the smallest part of its own with no side shorter than that.
pub fn decode_for(bytes: &[u8], name: &str, size: (u32, u32)) -> Result<Image, DataError> {
    let scale = dimensions(bytes).map_or(Scale::Whole, |own| Scale::of(own, size));
    decode_scaled(bytes, name, scale)
}

/// Width and height in pixels as [`decode`] will give them, from the header alone; `None` if it is no readable image.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let format = format_of(bytes).ok()?;
    if format == ImageFormat::Jpeg {
        return jpeg::dimensions(bytes);
    }
    let bytes = without_extras(bytes, format);
    let (decoder, orientation) = decoder(&bytes, format).ok()?;
    let (width, height) = decoder.dimensions();
    Some(if turns(orientation) { (height, width) } else { (width, height) })
}

/// Whether a file that begins so is a picture, one that ddl reads or another.
pub fn is_picture(head: &[u8]) -> bool {
    ::image::guess_format(head).is_ok()
}

/// All bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    ddl_base::regular::read(path, Whole::Image)
        .map_err(|error| DataError::Unreadable { path: path.to_owned(), why: ddl_base::system::said(&error) })
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

/// A file without what would be unpacked beside its pixels, and with what is wanted of it before them: of all formats, PNG alone packs
/// such, and lets its orientation stand behind the pixels, where the decoder does not look. A profile of colour that is as long as anybody
/// likes takes a thousandth of that in the file.
fn without_extras(bytes: &[u8], format: ImageFormat) -> Cow<'_, [u8]> {
    const SIGNATURE: usize = 8;
    const AROUND: usize = 12; // a chunk's length and name before what it says, and a checksum behind it
    if format != ImageFormat::Png {
        return Cow::Borrowed(bytes);
    }
    let (mut kept, mut from, mut at) = (Vec::new(), 0, SIGNATURE);
    let (mut pixels, mut turned, mut late): (Option<usize>, bool, &[u8]) = (None, false, &[]);
    while let Some([a, b, c, d, name @ ..]) = bytes.get(at..at + 8) {
        let says = (u32::from_be_bytes([*a, *b, *c, *d]) as usize).saturating_add(at + AROUND);
        let end = says.min(bytes.len());
        let mut extra = [b"iCCP", b"tEXt", b"zTXt", b"iTXt"].iter().any(|extra| name == *extra);
        match name {
            b"IDAT" if pixels.is_none() => pixels = Some(kept.len() + at - from),
            b"eXIf" if !turned && says == end => {
                turned = true; // the first one counts
                if pixels.is_some() {
                    (late, extra) = (&bytes[at..end], true);
                }
            }
            b"IEND" => break,
            _ => {}
        }
        if extra {
            kept.extend_from_slice(&bytes[from..at]);
            from = end;
        }
        at = end;
    }
    if from == 0 {
        return Cow::Borrowed(bytes);
    }
    kept.extend_from_slice(&bytes[from..]);
    let pixels = pixels.unwrap_or(kept.len());
    kept.splice(pixels..pixels, late.iter().copied());
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
        ImageError::Unsupported(_) if format == ImageFormat::Tiff => format!("this kind of {name} file is not read ({OF_TIFF})"),
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

    /// EXIF of one entry, the orientation.
    fn exif(orientation: u8) -> Vec<u8> {
        [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], b"\0\0\0\0\0\0"].concat()
    }

    /// A JPEG's marker with what it says.
    fn segment(marker: u8, said: &[u8]) -> Vec<u8> {
        [&[0xff, marker], &(said.len() as u16 + 2).to_be_bytes()[..], said].concat()
    }

    /// A chunk of a RIFF file.
    fn riff(name: [u8; 4], said: &[u8]) -> Vec<u8> {
        [&name[..], &(said.len() as u32).to_le_bytes(), said, &[0][..said.len() % 2]].concat()
    }

    /// An uncompressed TIFF: its numbers big-endian or little, its directory before its pixels or behind them.
    fn tiff(image: &Image, (big, pixels_first): (bool, bool), (photometric, samples): (u16, u16), orientation: Option<u16>) -> Vec<u8> {
        let short = |it: u16| if big { it.to_be_bytes() } else { it.to_le_bytes() };
        let long = |it: u32| if big { it.to_be_bytes() } else { it.to_le_bytes() };
        let pixels: Vec<u8> = image.pixels().iter().step_by(3 / usize::from(samples)).copied().collect();
        let palette = if photometric == 3 { 3 * 256 } else { 0 };
        let entries = 9 + usize::from(orientation.is_some()) + usize::from(palette > 0);
        let directory = 2 + 12 * entries + 4;
        let (at, of_pixels) = if pixels_first { (8 + pixels.len(), 8) } else { (8, 8 + directory + 6 + 2 * palette) };
        let beside = (at + directory) as u32; // bits of three channels, then the palette
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| [&short(tag)[..], &short(kind), &long(count), &value].concat();
        let one = |tag: u16, value: u16| entry(tag, 3, 1, [short(value), [0, 0]].concat().try_into().unwrap());
        let mut out = [if big { b"MM" } else { b"II" }, &short(42)[..], &long(at as u32)].concat();
        let mut listed = vec![one(256, image.width() as u16), one(257, image.height() as u16)];
        listed.push(if samples == 3 { entry(258, 3, 3, long(beside)) } else { one(258, 8) });
        listed.extend([one(259, 1), one(262, photometric), entry(273, 4, 1, long(of_pixels as u32))]);
        listed.extend(orientation.map(|it| one(274, it)));
        listed.extend([one(277, samples), one(278, image.height() as u16), entry(279, 4, 1, long(pixels.len() as u32))]);
        if palette > 0 {
            listed.push(entry(320, 3, palette as u32, long(beside + 6)));
        }
        let described = [&short(entries as u16)[..], &listed.concat(), &long(0), &[short(8); 3].concat(), &vec![0; 2 * palette]].concat();
        let parts = if pixels_first { [pixels, described] } else { [described, pixels] };
        out.extend(parts.concat());
        out
    }

    /// A picture in each format that carries an orientation, with it at each place where it may stand.
    fn oriented(orientation: u8) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let jpeg = encode(&picture(), ImageFormat::Jpeg);
        let app1 = segment(0xe1, &[b"Exif\0\0", &exif(orientation)[..]].concat());
        let xmp = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>");
        let mut at = 2;
        loop {
            found.push((format!("JPEG, at {at}"), [&jpeg[..at], &app1, &jpeg[at..]].concat()));
            if jpeg[at + 1] == 0xda {
                break;
            }
            at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        }
        found.push(("JPEG, behind XMP".to_owned(), [&jpeg[..2], &xmp, &app1, &jpeg[2..]].concat()));
        found.push(("JPEG, before XMP".to_owned(), [&jpeg[..2], &app1, &xmp, &jpeg[2..]].concat()));

        let png = encode(&picture(), ImageFormat::Png);
        let end = png.len() - 12;
        let chunk = png_chunk(*b"eXIf", &exif(orientation));
        let (other, text) = (png_chunk(*b"eXIf", &exif(1)), png_chunk(*b"iTXt", b"a\0\0\0\0\0b"));
        for (place, parts) in [
            ("before its pixels", [&png[..33], &chunk, &png[33..end], &[], &png[end..]]),
            ("behind its pixels", [&png[..33], &[], &png[33..end], &chunk, &png[end..]]),
            ("behind a text", [&png[..33], &text, &png[33..end], &[&text[..], &chunk].concat(), &png[end..]]),
            ("before another", [&png[..33], &chunk, &png[33..end], &other, &png[end..]]),
            ("behind its pixels, before another", [&png[..33], &[], &png[33..end], &[&chunk[..], &other].concat(), &png[end..]]),
        ] {
            found.push((format!("PNG, {place}"), parts.concat()));
        }

        let webp = encode(&picture(), ImageFormat::WebP);
        let canvas = riff(*b"VP8X", &[8, 0, 0, 0, 8, 0, 0, 6, 0, 0]); // it has EXIF, and 9 by 7 pixels
        let exif_chunk = riff(*b"EXIF", &exif(orientation));
        for (place, parts) in [("before its pixels", [&exif_chunk[..], &webp[12..]]), ("behind its pixels", [&webp[12..], &exif_chunk])] {
            let said = [b"WEBP", &canvas[..], &parts.concat()].concat();
            found.push((format!("WebP, {place}"), riff(*b"RIFF", &said)));
        }

        for form in [(true, true), (true, false), (false, true), (false, false)] {
            found.push((format!("TIFF, {form:?}"), tiff(&picture(), form, (2, 3), Some(u16::from(orientation)))));
        }
        found
    }

    #[test]
    fn the_orientation_is_obeyed_in_every_format_and_wherever_it_stands() {
        for orientation in 1..=8 {
            for (what, bytes) in oriented(orientation) {
                let straight =
                    if what.starts_with("JPEG") { decode(&encode(&picture(), ImageFormat::Jpeg), "x").unwrap() } else { picture() };
                let mut wanted = DynamicImage::from(::image::RgbImage::from_raw(9, 7, straight.pixels().to_vec()).unwrap());
                wanted.apply_orientation(Orientation::from_exif(orientation).unwrap());
                let found = decode(&bytes, &what).unwrap();
                assert_eq!((found.width(), found.height()), (wanted.width(), wanted.height()), "{what}, {orientation}");
                assert_eq!(found.pixels(), wanted.as_bytes(), "{what}, {orientation}");
                assert_eq!(dimensions(&bytes), Some((found.width(), found.height())), "{what}, {orientation}");
            }
        }
        // what stands behind a picture's end, or is cut off, is not asked
        let png = encode(&picture(), ImageFormat::Png);
        let chunk = png_chunk(*b"eXIf", &exif(6));
        for more in [[&png[..], &chunk].concat(), [&png[..png.len() - 12], &chunk[..20]].concat()] {
            assert_eq!(decode(&more, "x").unwrap(), picture());
        }
    }

    #[test]
    fn of_a_tiff_that_is_not_read_it_is_said_which_are() {
        for (big, pixels_first) in [(true, false), (false, true)] {
            let of = |kind| decode(&tiff(&picture(), (big, pixels_first), kind, None), "a.tif");
            assert_eq!(of((2, 3)).unwrap(), picture());
            assert_eq!(of((1, 1)).unwrap().pixel(3, 0), Some([84; 3]));
            let said = of((3, 1)).unwrap_err().to_string();
            assert_eq!(said, format!("a.tif: this kind of TIFF file is not read ({OF_TIFF})"));
        }
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

    /// A chunk of a PNG.
    fn png_chunk(name: [u8; 4], said: &[u8]) -> Vec<u8> {
        let checksum = [&name, said].concat().iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
        });
        [&(said.len() as u32).to_be_bytes(), &name[..], said, &(!checksum).to_be_bytes()].concat()
    }

    /// A PNG with a chunk of this name behind its header.
    fn with_chunk(png: &[u8], name: [u8; 4], said: &[u8]) -> Vec<u8> {
        [&png[..33], &png_chunk(name, said), &png[33..]].concat()
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
        assert_eq!(dimensions(&with_chunk(&with_chunk(&png, *b"eXIf", &exif(6)), *b"iCCP", b"a\0\0b")), Some((7, 9)));
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
