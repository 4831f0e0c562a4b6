"""Files that are taken for tensors and are none: what each kind is, how it is known, and what to do with it. Data only.

In what to do, `$file` stands for the file, quoted for a shell, and `$new` for a name beside it that is free.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of file: `what` it is and what to `do`; `becomes` is the suffix of `$new`.

    It is known by what it `begins` with at an `offset`, by what else stands near its start (`near`), by a member of its
    archive (`holds`, a pattern), or, where contents say nothing, by the suffix of its name (`named`).
    """

    what: str
    do: str
    begins: tuple[bytes, ...] = ()
    offset: int = 0
    near: bytes = b""
    holds: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    becomes: str = ""


# State dicts may be nested, and may share memory, which safetensors does not store; `weights_only` runs nothing.
_SAVE_TENSORS = (
    'python -c "import sys, torch; from safetensors.torch import save_file; '
    "flat = lambda v, n='': {n or 'tensor': v.detach().clone().contiguous()} if torch.is_tensor(v) "
    "else {k: t for m, w in (v.items() if isinstance(v, dict) else enumerate(v) if isinstance(v, (list, tuple)) "
    "else ()) for k, t in flat(w, f'{n}.{m}'.strip('.')).items()}; $load; "
    "save_file(flat(d.get('state_dict', d) if isinstance(d, dict) else d), sys.argv[2])\" $file $new"
)
_LOAD = "d = torch.load(sys.argv[1], map_location='cpu', weights_only=True)"
_LOAD_SCRIPT = "d = dict(torch.jit.load(sys.argv[1], map_location='cpu').state_dict())"
_LOAD_EXPORTED = "d = dict(torch.export.load(sys.argv[1]).state_dict)"
CHECKPOINT = Kind(
    "a PyTorch checkpoint, which is a pickle and never unpickled here",
    _SAVE_TENSORS.replace("$load", _LOAD),
    # A number that torch has put first, as a pickle of protocol 2.
    begins=(b"\x80\x02\x8a\x0a" + 0x1950A86A20F9469CFC6C.to_bytes(10, "little"),),
    holds=("data.pkl", "*/data.pkl"),
    becomes=".safetensors",
)
# Of objects that are no tensors torch makes nothing unless it runs what the pickle says.
CHECKPOINT_OF_OBJECTS = (
    "it holds objects of $object, not tensors alone: where it was made and is trusted, "
    "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')"
)
_SAVEZ = "load it where it was made and is trusted, and save its arrays with numpy.savez"
_PICTURE = 'python -c "import sys; from PIL import Image; Image.open(sys.argv[1])$mode.save(sys.argv[2])" $file $new'
_OTHER_PICTURE = "save it as .png or .tiff with a program that shows it"
_UNPACK = "decompress it first: $tool -dk $file"
_NO_TENSOR_IN_IT = "give a tensor file instead"


def _picture(what: str, *begins: bytes, mode: str = "", offset: int = 0) -> Kind:
    return Kind(what, _PICTURE.replace("$mode", mode), begins=begins, offset=offset, becomes=".png")


def _other_picture(what: str, *begins: bytes, offset: int = 0) -> Kind:
    return Kind(what, _OTHER_PICTURE, begins=begins, offset=offset)


def _library(what: str, library: str, *begins: bytes, offset: int = 0, named: tuple[str, ...] = ()) -> Kind:
    do = f"read it with {library}, and save its arrays with numpy.savez"
    return Kind(what, do, begins=begins, offset=offset, named=named)


def _compressed(what: str, tool: str, suffix: str, begins: bytes) -> Kind:
    return Kind(what, _UNPACK.replace("$tool", tool), begins=(begins,), named=(suffix,))


TAR = Kind("a tar archive", "unpack it, and give one of its files: tar -xf $file", begins=(b"ustar",), offset=257)
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
BEGINNINGS = (
    CHECKPOINT,
    Kind("a joblib file, which is a pickle and never unpickled here", _SAVEZ, begins=_PICKLES, near=b"joblib"),
    Kind("a pickle, which is never unpickled here", _SAVEZ, begins=_PICKLES),
    _library("a MATLAB 7.3 file, which is HDF5", "h5py", b"MATLAB 7.3 MAT-file"),
    _library("a MATLAB file", "scipy.io.loadmat", b"MATLAB 5.0 MAT-file"),
    _library("an HDF5 file", "h5py", b"\x89HDF\r\n\x1a\n"),
    _library("a GGUF file", "the package gguf", b"GGUF"),
    _library("a TensorFlow Lite model", "tensorflow.lite.Interpreter", b"TFL3", offset=4),
    _library("a NetCDF file", "xarray.open_dataset", b"CDF\x01", b"CDF\x02", b"CDF\x05"),
    _library("a FITS file", "astropy.io.fits", b"SIMPLE  ="),
    _library("a DICOM file", "pydicom.dcmread", b"DICM", offset=128),
    _library("an OpenEXR picture", "the package OpenEXR", b"\x76\x2f\x31\x01"),
    _library("a Parquet file", "pandas.read_parquet", b"PAR1"),
    _library("an Arrow file", "pyarrow", b"ARROW1"),
    _picture("a WebP picture", b"WEBP", offset=8),
    _picture("a PNM picture", b"P4\n", b"P5\n", b"P6\n", b"P5 ", b"P6 "),
    _picture("a GIF picture", b"GIF87a", b"GIF89a", mode=".convert('RGB')"),
    Kind("a BMP picture", _PICTURE.replace("$mode", ""), begins=(b"BM",), near=b"\0\0\0\0", becomes=".png"),
    _other_picture("an AVIF picture", b"ftypavif", b"ftypavis", offset=4),
    _other_picture("a HEIC picture", *(b"ftyp" + brand for brand in (b"heic", b"heix", b"mif1", b"hevc")), offset=4),
    _other_picture("a JPEG XL picture", b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a"),
    _other_picture("a JPEG 2000 picture", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    _other_picture("a Photoshop picture", b"8BPS"),
    _other_picture("a PDF document", b"%PDF-"),
    _compressed("compressed by gzip", "gzip", ".gz", b"\x1f\x8b"),
    _compressed("compressed by xz", "xz", ".xz", b"\xfd7zXZ\0"),
    _compressed("compressed by Zstandard", "zstd", ".zst", b"\x28\xb5\x2f\xfd"),
    _compressed("compressed by bzip2", "bzip2", ".bz2", b"BZh"),
    Kind("a 7z archive", "unpack it, and give one of its files: 7z x $file", begins=(b"7z\xbc\xaf\x27\x1c",)),
    Kind("a RAR archive", "unpack it, and give one of its files: unrar x $file", begins=(b"Rar!\x1a\x07",)),
    TAR,
    Kind("a pointer of Git LFS, and not the file", "git lfs pull", begins=(b"version https://git-lfs.github.com",)),
    Kind("a program", _NO_TENSOR_IN_IT, begins=(b"\x7fELF", b"MZ\x90\0")),
)
ARCHIVES = (
    Kind(
        "a TorchScript archive, which holds pickles that are never unpickled here",
        _SAVE_TENSORS.replace("$load", _LOAD_SCRIPT),
        holds=("constants.pkl", "*/constants.pkl"),
        becomes=".safetensors",
    ),
    Kind(
        "a program of torch.export, which holds pickles that are never unpickled here",
        _SAVE_TENSORS.replace("$load", _LOAD_EXPORTED),
        holds=("*/models/*.json", "serialized_exported_program.json"),
        becomes=".safetensors",
    ),
    CHECKPOINT,
    Kind(
        "a zipped Zarr store",
        "unpack it: python -m zipfile -e $file $new$inside",
        holds=("zarr.json", ".zarray", ".zgroup", "*/zarr.json", "*/.zarray", "*/.zgroup"),
        becomes=".zarr",
    ),
    Kind("a Keras model", "save its arrays with numpy.savez: keras.Model.get_weights()", holds=("model.weights.h5",)),
    Kind("an Office document", _NO_TENSOR_IN_IT, holds=("[[]Content_Types[]].xml",)),
    Kind("an OpenDocument or EPUB file", _NO_TENSOR_IN_IT, holds=("mimetype",)),
    Kind("a Python wheel", _NO_TENSOR_IN_IT, holds=("*.dist-info/WHEEL",)),
    Kind("a Java archive", _NO_TENSOR_IN_IT, holds=("META-INF/MANIFEST.MF",)),
)
# torch wrote tar archives until 2017; `weights_only` refuses them.
TAR_CHECKPOINT = Kind(
    "a PyTorch checkpoint of before 2017, which is a pickle and never unpickled here",
    "load it where it was made and is trusted, and save its tensors with safetensors.torch.save_file",
    holds=("sys_info", "pickle", "storages", "tensors"),
)
UNPACKED = Kind(
    "a zip archive",
    "unpack it, and give one of its files: python -m zipfile -e $file $new",
    becomes="",
)
NAMED = (
    Kind("a pickle, which is never unpickled here", _SAVEZ, named=(".pkl", ".pickle")),
    Kind("a joblib file, which is a pickle and never unpickled here", _SAVEZ, named=(".joblib",)),
    _library("a TensorFlow graph", "tensorflow", named=(".pb",)),
    _library("a MATLAB file", "scipy.io.loadmat", named=(".mat",)),
    _library("a DICOM file", "pydicom.dcmread", named=(".dcm",)),
)
INDEX = Kind("an index of files of tensors", "give one of them, such as $shard", near=b'"weight_map"')
TABLE = (
    'python -c "import sys, numpy; numpy.save(sys.argv[2], numpy.loadtxt(sys.argv[1]$delimiter, ndmin=2)[None, None])" '
    "$file $new"
)
TEXT = "a table of numbers becomes a tensor with numpy.loadtxt and numpy.save"
SEVERAL = (
    "python -c \"import sys, numpy; f = open(sys.argv[1], 'rb'); "
    'numpy.savez(sys.argv[2], *[numpy.load(f) for _ in range($count)])" $file $new'
)
# What folders hold that are no tensor and no store.
FOLDERS = (
    Kind(
        "a TensorFlow SavedModel",
        "read it with tensorflow, and save its arrays with numpy.savez",
        holds=("saved_model.pb",),
    ),
    Kind("an unpacked PyTorch checkpoint, which is a pickle and never unpickled here", _SAVEZ, holds=("data.pkl",)),
)
