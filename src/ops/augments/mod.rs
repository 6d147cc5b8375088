//! Augments: random or fixed changes of one image.

use crate::data::resize;
use crate::lang::types::Type;
use crate::quantity::{Fraction, Interval, Pixels};

crate::choice! {
    /// How pixels are interpolated when an image is resized. A name of a library says whose pixels these are, bit for bit.
    pub enum Kernel {
        /// The nearest pixel, by no library's places.
        Nearest = "nearest",
        /// `"pil_bilinear"` but for rounding: some values differ by one.
        Linear = "linear",
        /// `"pil_box"` but for rounding: some values differ by one.
        Area = "area",
        /// `"pil_bicubic"` but for rounding and the order of its two ways: some values differ by one, by more where one way leads beyond black or white.
        Cubic = "cubic",
        /// `"pil_lanczos"` but for rounding and the order of its two ways, as `"cubic"`.
        Lanczos = "lanczos",
        /// OpenCV's `INTER_NEAREST`: the nearest pixel.
        OpencvNearest = "opencv_nearest",
        /// OpenCV's `INTER_LINEAR`: two pixels a side, however much smaller an image gets.
        OpencvLinear = "opencv_linear",
        /// OpenCV's `INTER_AREA`: the mean over the area that a pixel covers; on the way up nearly `"opencv_linear"`.
        OpencvArea = "opencv_area",
        /// OpenCV's `INTER_CUBIC`: four pixels a side (a = -0.75), however much smaller an image gets. By its own code: where Intel's is built in (IPP), that is to be turned off.
        OpencvCubic = "opencv_cubic",
        /// OpenCV's `INTER_LANCZOS4`: eight pixels a side, however much smaller an image gets.
        OpencvLanczos4 = "opencv_lanczos4",
        /// PIL's `NEAREST`: the nearest pixel.
        PilNearest = "pil_nearest",
        /// PIL's `BILINEAR`: two pixels a side, widened when an image gets smaller.
        PilBilinear = "pil_bilinear",
        /// PIL's `BOX`: the mean over the area that a pixel covers.
        PilBox = "pil_box",
        /// PIL's `BICUBIC`: four pixels a side (a = -0.5), widened when an image gets smaller.
        PilBicubic = "pil_bicubic",
        /// PIL's `LANCZOS`: six pixels a side, widened when an image gets smaller.
        PilLanczos = "pil_lanczos",
    }
}

impl Kernel {
    /// The kernel as the data room knows it.
    pub fn pixels(self) -> resize::Kernel {
        match self {
            Kernel::Nearest => resize::Kernel::Nearest,
            Kernel::Linear => resize::Kernel::Linear,
            Kernel::Area => resize::Kernel::Area,
            Kernel::Cubic => resize::Kernel::Cubic,
            Kernel::Lanczos => resize::Kernel::Lanczos,
            Kernel::OpencvNearest => resize::Kernel::OpencvNearest,
            Kernel::OpencvLinear => resize::Kernel::OpencvLinear,
            Kernel::OpencvArea => resize::Kernel::OpencvArea,
            Kernel::OpencvCubic => resize::Kernel::OpencvCubic,
            Kernel::OpencvLanczos4 => resize::Kernel::OpencvLanczos4,
            Kernel::PilNearest => resize::Kernel::PilNearest,
            Kernel::PilBilinear => resize::Kernel::PilBilinear,
            Kernel::PilBox => resize::Kernel::PilBox,
            Kernel::PilBicubic => resize::Kernel::PilBicubic,
            Kernel::PilLanczos => resize::Kernel::PilLanczos,
        }
    }
}

crate::operator! {
    /// A horizontal flip.
    pub struct Flip("flip", 1, |_| Type::Augment) {
        /// How often.
        p: Fraction = Fraction(0.5), in 0.0..=1.0;
    }
}

crate::operator! {
    /// Scales the image down so that its longer side has `side` pixels, and up again to its own size: what is left of a face seen from far away.
    pub struct LowResolution("low_resolution", 1, |_| Type::Augment) {
        /// The side when small, drawn uniformly among whole pixels.
        side: Interval<Pixels>, in 1.0..=4096.0;
        /// The kernel on the way down.
        down: Kernel = Kernel::Cubic;
        /// The kernel on the way up.
        up: Kernel = Kernel::Cubic;
    }
}

crate::operator! {
    /// A Gaussian blur.
    pub struct GaussianBlur("gaussian_blur", 1, |_| Type::Augment) {
        /// Standard deviation in pixels of the image, drawn uniformly.
        sigma: Interval<f64>, in 0.0..=100.0;
    }
}

crate::operator! {
    /// JPEG compression and decompression.
    pub struct Jpeg("jpeg", 2, |_| Type::Augment) {
        /// Quality from 1 to 100, drawn uniformly among whole numbers.
        quality: Interval<i64>, in 1.0..=100.0;
    }
    changes = [(2, crate::data::decode::FOURTH)];
}

crate::operator! {
    /// A rectangle of one colour over a part of the image.
    pub struct Occlude("occlude", 1, |_| Type::Augment) {
        /// The share of the image's area that is hidden, drawn uniformly.
        area: Interval<Fraction>, in 0.0..=1.0;
        /// The grey value of the rectangle, 0 to 255.
        fill: u32 = 0, in 0.0..=255.0;
    }
}

crate::operator! {
    /// Multiplies every value by a factor drawn uniformly.
    pub struct Brightness("brightness", 1, |_| Type::Augment) {
        /// The factor.
        by: Interval<f64>, in 0.0..=10.0;
    }
}

crate::operator! {
    /// Multiplies the distance from the image's mean grey by a factor drawn uniformly.
    pub struct Contrast("contrast", 1, |_| Type::Augment) {
        /// The factor.
        by: Interval<f64>, in 0.0..=10.0;
    }
}

crate::operator! {
    /// Makes the image grey (ITU-R BT.601 luma).
    pub struct Grey("grey", 1, |_| Type::Augment) {
        /// How often.
        p: Fraction = Fraction(1.0), in 0.0..=1.0;
    }
}

crate::operator! {
    /// Another augment with some probability.
    pub struct Sometimes("sometimes", 1, |_| Type::Augment) {
        /// The other augment.
        augment: Box<Augment>;
        /// How often.
        p: Fraction, in 0.0..=1.0;
    }
}

crate::operator! {
    /// One of several augments, each as likely as the others.
    pub struct OneOf("one_of", 1, |_| Type::Augment) {
        /// The others.
        augments: Vec<Augment>;
    }
    check = some_to_draw;
}

fn some_to_draw(call: &crate::lang::decl::Call) -> Vec<crate::lang::decl::Complaint> {
    let none = matches!(call.args.get("augments"), Some(crate::lang::value::Value::List(augments)) if augments.is_empty());
    let say = || {
        crate::ops::terms::about(
            "augments",
            "`one_of` draws one of its augments, and there are none".to_owned(),
            "name some: one_of([flip(), grey()])",
        )
    };
    none.then(say).into_iter().collect()
}

crate::operator! {
    /// Several augments one after the other; a list of augments means this.
    pub struct Chain("chain", 1, |_| Type::Augment) {
        /// The augments in their order.
        augments: Vec<Augment>;
    }
}

crate::family! {
    /// Any augment.
    pub enum Augment: Type::Augment => {
        Flip, LowResolution, GaussianBlur, Jpeg, Occlude, Brightness, Contrast, Grey, Sometimes, OneOf, Chain
    }
}

impl<T: crate::lang::decl::Param> crate::lang::decl::Param for Box<T> {
    fn ty() -> Type {
        T::ty()
    }
    fn value(&self) -> crate::lang::value::Value {
        self.as_ref().value()
    }
}
