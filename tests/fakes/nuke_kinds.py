"""Which kind of knob stands behind each name of the table, and how it starts."""

from __future__ import annotations

from typing import Any

import nuke_table as table
from nuke_arrays import (
    AColor_Knob,
    BBox_Knob,
    Boolean_Knob,
    ColorChip_Knob,
    Disable_Knob,
    Double_Knob,
    Int_Knob,
    WH_Knob,
    XY_Knob,
    XYZ_Knob,
)
from nuke_formats import Format_Knob
from nuke_knobs import Knob
from nuke_texts import (
    Channel_Knob,
    Colorspace_Knob,
    Enumeration_Knob,
    EvalString_Knob,
    File_Knob,
    Multiline_Eval_String_Knob,
    NodeName_Knob,
    PyScript_Knob,
    Selected_Knob,
    String_Knob,
)

_KINDS: dict[type[Knob], str] = {
    Boolean_Knob: "auto_alpha autocrop black_clamp black_outside bookmark cached checkHashOnRead "
    "clamp create_directories crop disable_mmap hide_input interactive intersect invert "
    "invert_mask invert_unpremult lock_range lock_connections noprefix "
    "offset_negative_display_window origset pbb postage_stamp premultiplied raw reading reformat "
    "reverse truncateChannelNames use_limit useMatrix white_clamp "
    "write_ACES_compliant_EXR write_full_layer_names write_hash frame_range_lock fringe "
    "standard_layer_name_format input_process",
    Disable_Knob: "disable",
    NodeName_Knob: "name",
    Selected_Knob: "selected",
    Int_Knob: "first last origfirst origlast first_frame last_frame frame_number version xpos ypos "
    "z_order number render_order input_number",
    Double_Knob: "bdheight bdwidth mix fps note_font_size time_offset which dw_compression_level "
    "haperture vaperture focal near far rotate opacity mix_luminance numpixels softness",
    ColorChip_Knob: "tile_color gl_color note_font_color",
    AColor_Knob: "add black blackpoint color gamma multiply white whitepoint",
    XY_Knob: "center",
    XYZ_Knob: "translate",
    WH_Knob: "size scale",
    BBox_Knob: "box",
    File_Knob: "file proxy customOCIOConfigPath project_directory vfield_file",
    EvalString_Knob: "frame views",
    Multiline_Eval_String_Knob: "label message autolabel",
    PyScript_Knob: "afterRender beforeRender updateLocalization",
    Channel_Knob: "channels Achannels Bchannels output",
    Format_Knob: "format proxy_format",
    Colorspace_Knob: "colorspace ocioColorspace",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_KIND_OF["standard layer name format"] = Boolean_Knob
_IN_CLASS: dict[tuple[str, str], type[Knob]] = {
    ("Root", "frame"): Double_Knob,
    ("Root", "proxy"): Boolean_Knob,
    ("Viewer", "frame"): Double_Knob,
    ("FrameHold", "first_frame"): Double_Knob,
    ("Transform", "translate"): XY_Knob,
    ("ModifyMetaData", "metadata"): String_Knob,
    ("Colorspace", "colorspace"): String_Knob,
}

_FILE_TYPES = [" ", "cin", "dpx", "exr", "jpeg", "mov", "png", "tiff"]
_OUTSIDE = ["hold", "loop", "bounce", "black"]
_ENUM: dict[tuple[str, str], list[str]] = {
    ("Read", "file_type"): _FILE_TYPES,
    ("Write", "file_type"): _FILE_TYPES,
    ("Read", "on_error"): ["error", "black", "checkerboard", "nearest frame"],
    ("Read", "before"): _OUTSIDE,
    ("Read", "after"): _OUTSIDE,
    ("Read", "frame_mode"): ["expression", "start at", "offset"],
    ("Read", "localizationPolicy"): ["on", "fromAutoLocalizePath", "on demand", "off"],
    ("Write", "metadata"): table.API["enum_values"]["Write.metadata (exr)"],
    ("Write", "interleave"): table.API["enum_values"]["Write.interleave (exr)"],
    ("Write", "datatype"): table.API["enum_values"]["Write.datatype (exr)"],
    ("Write", "compression"): table.API["enum_values"]["Write.compression (exr)"],
    ("Merge2", "operation"): ["over", *table.API["knob_literals_seen"]["Merge2"]["operation"]],
    ("Merge2", "bbox"): ["union", *table.API["knob_literals_seen"]["Merge2"]["bbox"]],
    ("Merge2", "metainput"): ["B", "A", "All"],
    ("Root", "colorManagement"): ["Nuke", "OCIO"],
    ("Root", "OCIO_config"): ["custom", "fn-nuke_cg-config", "fn-nuke_studio-config"],
    ("Root", "proxy_type"): ["format", "scale"],
}
_DEFAULTS: dict[tuple[str, str], Any] = {
    ("Read", "first"): 1,
    ("Read", "last"): 1,
    ("Read", "origfirst"): 1,
    ("Read", "origlast"): 1,
    ("Read", "localizationPolicy"): "fromAutoLocalizePath",
    ("Read", "offset_negative_display_window"): True,
    ("Write", "channels"): "rgb",
    ("Write", "first"): 1,
    ("Write", "last"): 1,
    ("Write", "compression"): "Zip (1 scanline)",
    ("Write", "metadata"): "default metadata",
    ("Write", "dw_compression_level"): 45.0,
    ("Grade", "multiply"): 1.0,
    ("Grade", "white"): 1.0,
    ("Grade", "whitepoint"): 1.0,
    ("Grade", "gamma"): 1.0,
    ("Root", "first_frame"): 1,
    ("Root", "last_frame"): 100,
    ("Root", "frame"): 1.0,
    ("Root", "fps"): 24.0,
    ("BackdropNode", "bdwidth"): 80.0,
    ("BackdropNode", "bdheight"): 40.0,
    ("Switch", "which"): 0.0,
}
_COMMON: dict[str, Any] = {"mix": 1.0, "note_font_size": 11.0}


def make(node_class: str, name: str) -> Knob:
    """A knob of a class as it is on a new node."""
    if (node_class, name) in _ENUM:
        knob: Knob = Enumeration_Knob(name, None, _ENUM[node_class, name])
    else:
        kind = _IN_CLASS.get((node_class, name)) or _KIND_OF.get(name, String_Knob)
        knob = kind(name)
    default = _DEFAULTS.get((node_class, name), _COMMON.get(name))
    if default is not None:
        knob.setValue(default)  # type: ignore[call-arg]  # those that have one take one argument
    for attribute, start in (("_values", "_default"), ("_text", "_default")):
        if hasattr(type(knob), "_is_default") and attribute in vars(knob):
            vars(knob)[start] = vars(knob)[attribute]
    return knob
