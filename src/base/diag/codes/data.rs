//! `ddl::data`: what is in the data.

codes! {
    UnreadableData = "ddl::data::unreadable": "data that can't be read" {
        "A path that the recipe needs is not there, or may not be read."
    }
    DataChanged = "ddl::data::changed": "data that changed while they were used" {
        "The keys of results stand for the content of files. A file that was planned with is another one now: the run stops before anything \
         that was computed from it is stored. The same command again plans anew."
    }
    NoImages = "ddl::data::no_images": "a folder without images" {
        "No file below the folder has the ending of a picture that is read: .jpg, .jpeg, .jpe, .jfif, .png, .webp, .bmp, .gif, .tif, .tiff, .ppm, \
         .pgm, .pbm or .pnm. Hidden files and folders don't count. Perhaps the path is one level too high or too low."
    }
    LeftOut = "ddl::data::left_out": "pictures that are left out" {
        "Below a folder of images lie pictures of formats that are not read, or files without an ending that hold pictures. They are no part \
         of the data set. Convert or rename them, or take them away."
    }
    NoIdentity = "ddl::data::no_identity": "an image that does not tell who it is" {
        "Without a pattern the person is the first folder below the root: `images/<person>/…/x.jpg`. For other layouts give \
         `identity = \"…\"`, a regular expression with a group named `identity`."
        wrong: "dataset faces = image_folder(root)              // root/0001_03.jpg",
        right: "dataset faces = image_folder(root, identity = \"(?P<identity>[^_]+)_.*\")",
    }
    BadValue = "ddl::data::bad_value": "an attribute that is not of its type" {
        "The `schema` gives an attribute a type, and what the path or the file says of an image is no such value: a text where a number is wanted, a fraction \
         where a whole number is. A value that is not there is missing, and no error."
    }
    BadTable = "ddl::data::bad_table": "a csv that is not what the recipe says" {
        "A line, a column or a value of a csv does not fit: the message names the file and the line. Csv files have a header; numbers \
         carry no units there, the recipe's `schema` says them."
    }
    AbsentImages = "ddl::data::absent_images": "a list that names images which are not there" {
        "A list or a pair file names images that the data set does not have. Paths in lists are relative to the folder of the data set, with `/` or `\\`."
    }
    MissingValue = "ddl::data::missing_value": "a sample without a value" {
        "A filter reads an attribute that some samples don't have. Say what happens to them: `missing = \"drop\"` or `\"keep\"`."
        wrong: "dataset hard = faces |> where(abs(.yaw) > 45deg)",
        right: "dataset hard = faces |> where(abs(.yaw) > 45deg, missing = \"drop\")",
    }
    EmptyData = "ddl::data::empty": "nothing is left" {
        "A filter or a view leaves no sample. The message tells how many samples each part of the condition would leave alone."
    }
    DataClash = "ddl::data::clash": "data sets that don't go together" {
        "Two samples have one name, an attribute has two types, or two known facts of images (colour order, alignment) differ. Merge what is alike."
    }
    BadData = "ddl::data::bad_argument": "a view that is not possible on this data" {
        "A split, a choice of people or a sampler asks for something that this data does not have. The message says what there is."
    }
    Corrupt = "ddl::data::corrupt": "images that can't be decoded" {
        "Before anything is trained every image is decoded once, so that a broken one does not stop the run an hour later. Mend or remove \
         the files that the message names, or leave them out: `on_corrupt = \"skip\"`."
        wrong: "dataset faces = image_folder(root)",
        right: "dataset faces = image_folder(root, on_corrupt = \"skip\")",
    }
    WrongSize = "ddl::data::wrong_size": "an image of another size than the network's" {
        "The recipe refuses to resize (`on_size = \"refuse\"`) and an image does not have the network's size."
    }
    BadProtocol = "ddl::data::bad_protocol": "a protocol that can't be judged on this data" {
        "The pairs of a protocol don't fit the people that are judged: none is left, or the balance of same and different pairs shifts by more than a \
         fifth. Keep whole folds together: `split(…, order = \"sorted\")`. Or the probes of an identification show people who are not in its gallery, or \
         images of the gallery itself."
    }
    Contradiction = "ddl::data::contradiction": "a list that says otherwise than the data set" {
        "A list says that two images, or two templates, show one person, or two, and the people of the data set say otherwise; or a template has faces of \
         several people. A column that is turned round (0 for \"distance 0\") makes every number the opposite of what it says. Where all of a list \
         contradict it is an error."
    }
    Doubled = "ddl::data::doubled": "a pair that stands twice in a list" {
        "A pair that stands in a list again, in either order, counts twice: rates and intervals take it for evidence that it is not."
    }
    WithItself = "ddl::data::with_itself": "an image that is compared with itself" {
        "An image is paired with itself, or stands in the gallery and among the probes. Its score is 1 whatever the network is, or near to it where one side \
         sees it changed (`apply`, `probe = …`), so that numbers come out better than they are. In training, `pk` draws an image again for a batch where a person has fewer images than it asks for: such an \
         image is its own positive, and teaches nothing."
    }
    TwoPeople = "ddl::data::two_people": "one picture under two people" {
        "Images of equal pixels are said to show two people: one of them is in a folder, record or line that is not theirs, or the two are one person under two \
         names. Whichever it is, training is told that one face is two people's. `ddl data check` names the images; files of equal bytes are counted by \
         `ddl data info` too."
    }
    Blank = "ddl::data::blank": "images of one colour all over" {
        "Such images show nobody: they are what is left where a face was not found, or where a file was written without its content. A network that is \
         trained on them learns that nothing is somebody."
    }
}
