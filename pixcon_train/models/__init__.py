"""The networks: UniMatch V2 and PixCon, on DINOv2 backbones."""
