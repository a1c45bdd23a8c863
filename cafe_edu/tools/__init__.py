"""What Caffe's tools do, as functions: one tool, one file."""
