// Prism ends with whoever started it, however that ended: they hold the other end of this pipe.
process.stdin.resume().on('end', () => process.exit(0))
