"""ISNet: mattes of people and things. Its weights are not part of Answerprint.

Nobody could confirm their licence, so a studio that accepts that fetches them itself.
"""

import hashlib
import os

import onnxruntime

import answerprint_model

FETCH = "python -m answerprint_server.fetch isnet --accept-licence"


class Isnet:
    """Loaded when it is first asked for: it takes a second, and 2 GB of memory."""

    edge = 1024

    def __init__(self, path, described):
        self.path, self.sha256 = path, described["sha256"]
        self.library = f"ONNX Runtime {onnxruntime.__version__}, isnet {self.sha256[:16]}"
        self.session = None

    def __call__(self, picture):
        if self.session is None:
            self.session = session(self._weights())
        scaled = (picture * 255 - 128) / 256
        planes = scaled.transpose(2, 0, 1)[None].astype("float32")
        (found,) = self.session.run(["output"], {"input": planes})
        return found[0, 0]

    def _weights(self):
        """The file's bytes, checked before anything reads them."""
        if not self.path.is_file():
            raise answerprint_model.RefusedError(
                "isnet is not on this server, because its weights' licence is not confirmed; "
                f"whoever runs the server can accept that and fetch them: {FETCH}"
            )
        weights = self.path.read_bytes()
        if hashlib.sha256(weights).hexdigest() != self.sha256:
            raise answerprint_model.RefusedError(
                f"isnet's file on this server is not the one that was described; fetch it anew: {FETCH}"
            )
        return weights


def session(weights):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    # threads that wait busily would take the cores from the models beside this one
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
