"""What user code touches while it declares features and resolvers: classes, references, expressions, decorators."""
