export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <script src="/watch.js" async />
        {children}
      </body>
    </html>
  );
}
