"""The list of the pack's nodes."""

from comfy_api.latest import ComfyExtension, io

from . import _host
from .audio import MoDAEncodeAudio
from .best_take import MoDABestOfN
from .clean_speech import MoDACleanSpeech
from .conversation import MoDAConversation
from .director import MoDADirector
from .download import MoDADownloadModels
from .edit_face import MoDAEyes, MoDALips
from .edit_motion import MoDAFadeMotion, MoDARetimeMotion, MoDASmoothMotion
from .edit_pose import MoDAPose
from .emotion import MoDAEmotion, MoDAEmotionBlend, MoDAEmotionTimeline
from .example import MoDAExample
from .expression import MoDAExpression
from .folder import MoDALoadPictureFolder, MoDALoadSoundFolder
from .frames import MoDARenderFrames
from .hold_motion import MoDAHoldMotion, MoDAInvertMotion
from .idle import MoDAIdleMotion
from .join_motion import MoDAConcatMotion, MoDAMixMotion
from .load import MoDALoadAudioEncoder, MoDALoadMotionModel, MoDALoadRenderer
from .motion import MoDAPreviewMotion, MoDASampleMotion
from .motion_file import MoDALoadMotion, MoDASaveMotion
from .portrait import MoDAExtractIdentity
from .refine_motion import MoDARefineMotion
from .relip import MoDARelipVideo
from .render import MoDARenderVideo
from .routes import ROUTES
from .sampling_options import (
    MoDADiversity,
    MoDAGuidance,
    MoDAPerturbedGuidance,
    MoDASolver,
    MoDAWindows,
)
from .scene import MoDARenderScene, MoDASpeaker
from .score import MoDAScore
from .style import MoDAStyleContext, MoDAStyleMotion
from .talking_portrait import MoDATalkingPortrait
from .track_face import MoDATrackFace

NODES = [
    MoDALoadAudioEncoder,
    MoDALoadMotionModel,
    MoDALoadRenderer,
    MoDAEncodeAudio,
    MoDAExtractIdentity,
    MoDAEmotion,
    MoDASampleMotion,
    MoDARenderVideo,
    MoDARenderFrames,
    MoDAPreviewMotion,
    MoDATalkingPortrait,
    MoDAExample,
    MoDADownloadModels,
    MoDAMixMotion,
    MoDAPose,
    MoDAEyes,
    MoDALips,
    MoDASmoothMotion,
    MoDARetimeMotion,
    MoDAFadeMotion,
    MoDAIdleMotion,
    MoDAConcatMotion,
    MoDASaveMotion,
    MoDALoadMotion,
    MoDADirector,
    MoDAEmotionBlend,
    MoDAEmotionTimeline,
    MoDAGuidance,
    MoDASolver,
    MoDAWindows,
    MoDAHoldMotion,
    MoDAInvertMotion,
    MoDABestOfN,
    MoDATrackFace,
    MoDARelipVideo,
    MoDASpeaker,
    MoDAConversation,
    MoDARenderScene,
    MoDAExpression,
    MoDALoadPictureFolder,
    MoDALoadSoundFolder,
    MoDAStyleMotion,
    MoDAStyleContext,
    MoDADiversity,
    MoDARefineMotion,
    MoDACleanSpeech,
    MoDAPerturbedGuidance,
    MoDAScore,
]


class MoDAExtension(ComfyExtension):
    """The entry point of ComfyUI-MoDA."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Register the model folders and the routes, and return the node classes."""
        _host.register_folders()
        _host.add_routes(ROUTES)
        return NODES
