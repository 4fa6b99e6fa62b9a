"""The Talos API's messages and methods, no more than Ktizo uses.

`*.proto` are written from field numbers (reference talos.md §7); `*_pb2` are made from them by
`make protos`. Nothing outside `nodes/client` and `nodes/simulated` sees a message.
"""
