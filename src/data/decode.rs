//! From encoded files to pictures: JPEG, PNG, WebP, BMP, GIF, TIFF and the PNM family, told by their content, not by their names.
//!
//! Of an animation, and of a file of several pages, the first picture counts.
//! Grey becomes three equal channels; alpha is left out (the colour below it stays, as PIL's `convert("RGB")`); 16-bit channels are
//! rounded to 8; the EXIF orientation is applied. A JPEG that ends before its end marker is corrupt, not half grey.

use super::{DataError, ImageSource, image::Image, probe::Digest};
use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use std::io::Cursor;
use std::path::Path;

/// File name endings of images, in small letters.
pub const EXTENSIONS: [&str; 14] = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"];

/// Raised when a decoder gives other pixels, or takes other files for corrupt, than before.
pub const VERSION: u32 = 1;

/// What is decoded.
const FORMATS: [ImageFormat; 7] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff, ImageFormat::Pnm];

/// Their names, for messages.
const NAMES: &str = "JPEG, PNG, WebP, BMP, GIF, TIFF, PNM";

/// A picture takes at most so many bytes of pixels, whatever its header says.
const MOST: u64 = 512 << 20;

/// Decodes an image. `name` stands in errors.
pub fn decode(bytes: &[u8], name: &str) -> Result<Image, DataError> {
    let corrupt = |why: String| DataError::Corrupt { image: name.to_owned(), why };
    let format = format_of(bytes).map_err(corrupt)?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(corrupt("the JPEG ends too early".to_owned()));
    }
    let (mut decoder, orientation) = decoder(bytes, format).map_err(corrupt)?;
    decoder.set_limits(::image::Limits::default()).map_err(|error| corrupt(error.to_string()))?;
    if decoder.total_bytes() > MOST {
        let (width, height) = decoder.dimensions();
        return Err(corrupt(format!("it says that it is {width}x{height}, which takes more than {MOST} bytes")));
    }
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| corrupt(error.to_string()))?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    let (width, height) = picture.dimensions();
    Image::new(width, height, picture.into_raw()).ok_or_else(|| corrupt("the image is empty".to_owned()))
}

/// Width and height in pixels as [`decode`] will give them, from the header alone; `None` if it is no readable image.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let (decoder, orientation) = decoder(bytes, format_of(bytes).ok()?).ok()?;
    let (width, height) = decoder.dimensions();
    Some(match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => (height, width),
        Orientation::NoTransforms | Orientation::Rotate180 | Orientation::FlipHorizontal | Orientation::FlipVertical => (width, height),
    })
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
    crate::regular::read(path).map_err(|error| DataError::Unreadable { path: path.to_owned(), why: error.to_string() })
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat, String> {
    let format = ::image::guess_format(bytes).map_err(|_| format!("not an image that ddl knows ({NAMES})"))?;
    if FORMATS.contains(&format) { Ok(format) } else { Err(format!("{} is not a format that ddl reads ({NAMES})", format.to_mime_type())) }
}

fn decoder(bytes: &[u8], format: ImageFormat) -> Result<(impl ImageDecoder, Orientation), String> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(|error| error.to_string())?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms); // damaged metadata is no reason to refuse the pixels
    Ok((decoder, orientation))
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
        assert_eq!(error, "a.ppm: it says that it is 100000x100000, which takes more than 536870912 bytes");
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
