//! `ddl::files`: recipes that could not be read.

codes! {
    UnreadableFile = "ddl::files::unreadable": "a file that cannot be read" {
        "The file is not there, is a folder, or this user may not read it. The message ends with what the system said."
    }
    NotUtf8 = "ddl::files::not_utf8": "a recipe that is not UTF-8 text" {
        "Recipes are UTF-8. The file may be something else altogether (a model, an archive), or text in an older encoding: \
         save it as UTF-8 in your editor, or convert it: `iconv -f latin1 -t utf8 old.ddl > new.ddl`."
    }
    TooLong = "ddl::files::too_long": "a recipe that is too long" {
        "A recipe has at most 16 MiB. What is that long is data: put it in a file of its own and name it by a path."
    }
    Unwritable = "ddl::files::unwritable": "a file that cannot be written" {
        "The disk may be full or read-only, or this user may not write there. The message ends with what the system said. \
         What was there before is as it was: files are written to a temporary place and renamed."
    }
}
