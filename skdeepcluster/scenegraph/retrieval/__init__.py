"""The retriever: images found by sentences, and sentences by images."""
