"""A network in the host's care."""


class ModelPatcher:
    """Holds a network and the devices that it computes and rests on."""

    def __init__(self, model, load_device, offload_device, size=0):
        self.model, self.size = model, size
        self.load_device, self.offload_device = load_device, offload_device

    def model_size(self) -> int:
        """Return the bytes of the weights."""
        self.size = self.size or sum(each.nbytes for each in self.model.state_dict().values())
        return self.size
