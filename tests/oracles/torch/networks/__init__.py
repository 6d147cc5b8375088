"""The backbones as plain PyTorch modules, with the tensors' names and the order of layers of the code that the field trains them with.

They are written from that code's layout and know nothing of src/nets: `make bench` runs them beside ddl, and src/engine/tests/torch.rs holds
ddl's networks against them. Where no public code is known (deepid, deepface, tiny) the names are ddl's and the layers those of the papers.
"""

from . import early, ir, iresnet, lightcnn, mobilefacenet, resnet, spherenet, tiny, vgg, vit

# A family: from the options of its declaration in ddl, and the sides of the images, to the network and to what its images go through.
FAMILIES = {
    "mobilefacenet": mobilefacenet.build,
    "iresnet": iresnet.build,
    "ir": ir.build,
    "lightcnn": lightcnn.build,
    "vgg16": vgg.build,
    "spherenet": spherenet.build,
    "resnet50": resnet.build,
    "hopenet": resnet.build_hopenet,
    "vit": vit.build,
    "deepid": early.build_deepid,
    "deepface": early.build_deepface,
    "tiny": tiny.build,
}
